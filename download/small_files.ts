import type { Replaceable } from "./file_mark.ts";
import type { FinalNames } from "./final_names.ts";
import type { Manifest, ManifestLine } from "./manifest.ts";
import { diskError } from "./disk_error.ts";
import { FileExistsError } from "./file_exists_error.ts";
import { isForbidden } from "./forbidden.ts";
import type { PartTarget } from "./part_file.ts";
import { pathBelow } from "./path_below.ts";
import { prepareFolder } from "./prepare_folder.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** Where a small file goes. */
export type SmallTarget = Pick<PartTarget, "root" | "out" | "tag" | "replace">;

interface Written {
  path: string;
  finalPath: string;
  replace: Replaceable;
  inode: number;
  line: (inode: number) => ManifestLine;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Stores files whose bytes are all there. Those that come in the same turn of the event loop share one write of the
 * manifest, which still precedes every one of their final names. The unfinished file has a name that belongs to one
 * claim alone and lives for one turn, so it needs no lock; the rest of the promise is that of `PartFile`.
 */
export class SmallFiles {
  readonly #names: FinalNames;
  readonly #manifest: Manifest;
  #written: Written[] = [];
  /** What could not be removed, as the folder might not be written. */
  #late: string[] = [];

  /**
   * @param names Gives the final names.
   * @param manifest Where their lines go first.
   */
  constructor(names: FinalNames, manifest: Manifest) {
    this.#names = names;
    this.#manifest = manifest;
  }

  /**
   * Stores one.
   *
   * @param target Where it goes.
   * @param bytes All of it; only needed within the call.
   * @param modified What its modification time is to be, in seconds since the epoch; absent: now.
   * @param line Makes its line in the manifest from its inode, just before it gets its final name; if that throws,
   * nothing is left of the file.
   * @returns Resolves when the file has its final name.
   */
  store(
    target: SmallTarget,
    bytes: Uint8Array,
    modified: number | undefined,
    line: (inode: number) => ManifestLine,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const finalPath = pathBelow(target.root, target.out);
    try {
      const path = `${unfinishedPath(finalPath)}-${target.tag}`;
      if (target.out.includes("/")) prepareFolder(target.root, finalPath);
      const inode = write(path, bytes, modified);
      this.#written.push({ path, finalPath, replace: target.replace ?? false, inode, line, resolve, reject });
      if (this.#written.length === 1) queueMicrotask(() => this.#finish());
    } catch (error) {
      reject(diskError(error, finalPath));
    }
    return promise;
  }

  #finish(): void {
    if (this.#late.length > 0) this.#late = this.#late.filter((path) => !isGone(path));
    const written = this.#written;
    this.#written = [];
    const ready: Written[] = [];
    const lines: ManifestLine[] = [];
    for (const file of written) {
      try {
        lines.push(file.line(file.inode));
        ready.push(file);
      } catch (error) {
        this.#drop(file, error);
      }
    }
    try {
      if (lines.length > 0) this.#manifest.append(lines);
    } catch (error) {
      for (const file of ready) this.#drop(file, diskError(error, "the manifest"));
      return;
    }
    for (const file of ready) {
      try {
        this.#names.give(file.path, file.finalPath, file.replace);
        file.resolve();
      } catch (error) {
        const taken = error instanceof Deno.errors.AlreadyExists;
        this.#drop(file, taken ? new FileExistsError(file.finalPath) : diskError(error, file.finalPath));
      }
    }
  }

  #drop({ path, reject }: Written, error: unknown): void {
    if (!isGone(path)) this.#late.push(path);
    reject(error);
  }
}

/** Writes the unfinished file, and gives its inode, or 0 where there is none. */
function write(path: string, bytes: Uint8Array, modified: number | undefined): number {
  using file = Deno.openSync(path, { write: true, createNew: true });
  try {
    for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
    if (modified !== undefined) file.utimeSync(Date.now() / 1000, modified);
    return file.statSync().ino ?? 0;
  } catch (error) {
    Deno.removeSync(path);
    throw error;
  }
}

/** Removes a file; false if that is not allowed for now. */
function isGone(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    // Gone already, or the folder is: there is nothing left to remove.
    return !isForbidden(error);
  }
}
