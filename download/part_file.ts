import { dirname, join } from "@std/path";
import { DownloadError, StoppedError } from "./download_error.ts";
import type { FinalNames } from "./final_names.ts";
import { PART_SUFFIX } from "./task_names.ts";

/** Where a file goes. */
export interface PartTarget {
  /** The download folder, as the system resolves it. */
  root: string;
  /** The path below it. */
  out: string;
  /** What makes the name of an unfinished file nobody else's: the writer and its claim. */
  tag: string;
}

/**
 * An unfinished file: `<out>.part`, held by an exclusive lock as long as it is written. A writer that was frozen keeps
 * its lock, so nobody else writes into what it will continue; whoever finds the lock taken writes a file of its own.
 * It becomes the finished file by one rename, and never over a file that is there already.
 */
export class PartFile implements Disposable {
  /** The unfinished file. */
  readonly path: string;
  /** The finished file. */
  readonly finalPath: string;
  readonly #file: Deno.FsFile;
  #finished = false;
  #bytes = 0;

  private constructor(path: string, finalPath: string, file: Deno.FsFile) {
    this.path = path;
    this.finalPath = finalPath;
    this.#file = file;
  }

  /**
   * Opens the unfinished file, empty and locked.
   *
   * @throws {DownloadError} If the disk refuses it, or a link leads out of the download folder.
   */
  static open(target: PartTarget): PartFile {
    const finalPath = join(target.root, target.out);
    try {
      if (target.out.includes("/")) prepareFolder(target.root, finalPath);
      const plain = finalPath + PART_SUFFIX;
      const file = openLocked(plain);
      if (file !== undefined) return new PartFile(plain, finalPath, file);
      const own = `${plain}-${target.tag}`;
      const ownFile = openLocked(own);
      if (ownFile !== undefined) return new PartFile(own, finalPath, ownFile);
    } catch (error) {
      throw diskError(error, target.out);
    }
    throw new DownloadError("disk", `${target.out}: its unfinished file is locked by another writer`, {
      retryable: true,
    });
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The inode, or 0 where there is none. */
  get inode(): number {
    return this.#file.statSync().ino ?? 0;
  }

  /** Appends bytes. */
  write(bytes: Uint8Array): void {
    try {
      for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
    } catch (error) {
      throw diskError(error, this.path);
    }
    this.#bytes += bytes.length;
  }

  /** Gives the file its final name; a file that has the name already stays, and this throws. */
  finish(names: FinalNames): void {
    try {
      names.give(this.path, this.finalPath);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) throw new FileExistsError(this.finalPath);
      throw diskError(error, this.finalPath);
    }
    this.#finished = true;
  }

  /** Lets go of the file; what was not finished is removed. */
  [Symbol.dispose](): void {
    if (!this.#finished) {
      try {
        Deno.removeSync(this.path);
      } catch {
        // Gone already, or the folder is: there is nothing left to remove.
      }
    }
    this.#file.close();
  }
}

/** A file is there that is not ours, or not known to be. */
export class FileExistsError extends DownloadError {
  /** @param path Where it is. */
  constructor(path: string) {
    super("disk", `${path}: a file that Corehaul did not write is there already`, { retryable: false });
  }
}

/** Opens a file that no one else holds; `undefined` if someone does. */
function openLocked(path: string): Deno.FsFile | undefined {
  const file = createOrOpen(path);
  let shared = false;
  try {
    // The holder before may have renamed the file away between the open and the lock.
    if (file.tryLockSync(true) && sameFile(file.statSync(), path)) {
      shared = (file.statSync().nlink ?? 1) > 1;
      if (!shared) {
        file.truncateSync(0);
        return file;
      }
      // A crash came between its two names: what it holds is a finished file, wherever that is now.
      Deno.removeSync(path);
    }
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return shared ? openLocked(path) : undefined;
}

function createOrOpen(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // A link that was planted under this name must not be followed.
    if (isSymlink(path)) Deno.removeSync(path);
    return Deno.openSync(path, { read: true, write: true, create: true });
  }
}

function sameFile(info: Deno.FileInfo, path: string): boolean {
  try {
    const named = Deno.lstatSync(path);
    return named.ino === info.ino && named.dev === info.dev;
  } catch {
    return false;
  }
}

function isSymlink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** Makes the folder of a file; throws if a link leads out of the download folder. */
export function prepareFolder(root: string, finalPath: string): void {
  const folder = dirname(finalPath);
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new DownloadError("disk", `${folder}: a file stands where the folder must be`, { retryable: false });
  }
  const real = Deno.realPathSync(folder);
  if (real !== folder && !real.startsWith(`${root}/`) && real !== root) {
    throw new DownloadError("name", `${finalPath}: a link leads out of the download folder`);
  }
}

/** What the file system threw, as an error of the task. */
export function diskError(error: unknown, path: string): Error {
  if (error instanceof DownloadError || error instanceof StoppedError) return error;
  const text = error instanceof Error ? error.message : String(error);
  // Space and descriptors come back; a folder that may not be written, or that is a file, does not by itself.
  const lasting = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.NotCapable || /read-only file system|is a directory|file name too long/i.test(text);
  return new DownloadError("disk", `${path}: ${text}`, { cause: error, retryable: !lasting });
}
