import { closeLocked } from "./close_locked.ts";

/** A file that this process alone may write. */
export interface LockedFile {
  /** The open file, with an exclusive lock. */
  file: Deno.FsFile;
  /** What it was when it was locked. */
  info: Deno.FileInfo;
}

/** Opens a file that no one else holds; `undefined` if someone does. */
export function openLocked(path: string): LockedFile | undefined {
  const file = createOrOpen(path);
  let shared = false;
  try {
    const info = file.tryLockSync(true) ? file.statSync() : undefined;
    // The holder before may have renamed the file away between the open and the lock.
    if (info !== undefined && sameFile(info, path)) {
      shared = (info.nlink ?? 1) > 1;
      if (!shared) return { file, info };
      // A crash came between its two names: what it holds is a finished file, wherever that is now.
      Deno.removeSync(path);
    }
  } catch (error) {
    closeLocked(file);
    throw error;
  }
  closeLocked(file);
  return shared ? openLocked(path) : undefined;
}

function createOrOpen(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // A link that was planted under this name must not be followed, and a pipe would hold up the whole thread.
    if (isPlanted(path)) Deno.removeSync(path);
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

/** True for links, pipes, sockets and devices: what nobody unpacks or stores by accident. */
export function isPlanted(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.lstatSync(path);
    return !isFile && !isDirectory;
  } catch {
    return false;
  }
}
