/** The inode of what has a name, or 0 where there are none; undefined if nothing has it. */
export function inodeAt(path: string): number | undefined {
  try {
    return Deno.lstatSync(path).ino ?? 0;
  } catch {
    return undefined;
  }
}
