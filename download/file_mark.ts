/** Which file was seen under a name, and in which state. */
export interface FileMark {
  /** Its inode, or 0 where there is none. */
  readonly inode: number;
  /** Its size in bytes. */
  readonly bytes: number;
  /** When its content was changed last, in milliseconds since the epoch. */
  readonly modified: number;
}

/** What may be replaced: nothing, whatever is there, or only this one file as it was. */
export type Replaceable = boolean | FileMark;

/** The mark of a file. */
export function fileMark({ ino, size, mtime }: Pick<Deno.FileInfo, "ino" | "size" | "mtime">): FileMark {
  return { inode: ino ?? 0, bytes: size, modified: mtime?.getTime() ?? 0 };
}

/**
 * Looks whether what is there now may be replaced.
 *
 * @param path The name.
 * @param what What may be replaced.
 */
export function mayReplaceNow(path: string, what: Replaceable): boolean {
  if (typeof what === "boolean") return what;
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch {
    // Nothing is there, or nothing that can be told: what would be renamed over it finds out.
    return false;
  }
  const { inode, bytes, modified } = fileMark(info);
  return info.isFile && inode === what.inode && bytes === what.bytes && modified === what.modified;
}
