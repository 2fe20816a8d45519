/**
 * Whoever may not write any more may do so again soon: somebody has changed the mode of a folder, or a disk is mounted anew.
 * That is no task's fault, unless it is about a path of its own that it never could write.
 *
 * @module
 */
import { dirname } from "@std/path";
import { builtinModule } from "../base/builtin_module.ts";
import { inodeAt } from "./inode_at.ts";
import { manifestFolder } from "./manifest_files.ts";
import { pathBelow } from "./path_below.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** The file system refuses to write: for now, a path of this task alone, or it cannot be told any more. */
export type ForbiddenVerdict = "for now" | "own" | "unclear";

const PROBE = ".corehaul-writable-";

/** True for EACCES, EPERM and EROFS. */
export function isForbidden(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied) return true;
  return error instanceof Error && /\(os error 30\)|read-only file system/i.test(error.message);
}

/**
 * Looks what refuses to be written.
 *
 * @param root The download folder, which could be written when the run began.
 * @param out The path of a task below it.
 * @param since When that was, in milliseconds since the epoch, by the clock of the disk.
 */
export function lookAtForbidden(root: string, out: string, since: number): ForbiddenVerdict {
  const finalPath = pathBelow(root, out);
  for (const folder of [dirname(finalPath), manifestFolder(root)]) {
    const blocked = blockedFolder(root, folder);
    if (blocked !== undefined) return couldBeWritten(root, blocked, since) ? "for now" : "own";
  }
  const part = unfinishedPath(finalPath);
  return refuses(finalPath, { read: true }) || refuses(part, { read: true, write: true }) ? "own" : "unclear";
}

/** The folder that keeps others from being made in it: it, or the first one above it that is there. */
interface BlockedFolder {
  path: string;
  error: unknown;
}

function blockedFolder(root: string, folder: string): BlockedFolder | undefined {
  for (let path = folder;; path = dirname(path)) {
    try {
      const probe = Deno.makeTempFileSync({ dir: path, prefix: PROBE });
      Deno.removeSync(probe);
      return undefined;
    } catch (error) {
      // What cannot be looked into refuses too: the one above it says why.
      const isThere = inodeAt(path) !== undefined;
      if (isThere || path === root) return isForbidden(error) ? { path, error } : undefined;
    }
  }
}

function couldBeWritten(root: string, { path, error }: BlockedFolder, since: number): boolean {
  if (path === root) return true;
  const { statSync } = builtinModule("node:fs");
  try {
    const { ctimeMs, dev } = statSync(path);
    // The whole disk may be written no more; a mode that was changed since was another one before.
    return error instanceof Deno.errors.PermissionDenied ? ctimeMs > since : dev === statSync(root).dev;
  } catch {
    return true;
  }
}

function refuses(path: string, how: Deno.OpenOptions): boolean {
  try {
    if (Deno.lstatSync(path).isFile) Deno.openSync(path, how).close();
    return false;
  } catch (error) {
    return isForbidden(error);
  }
}

/**
 * Finds out that a folder can be written.
 *
 * @returns When that was, in milliseconds since the epoch, by the clock of its disk.
 * @throws If it cannot.
 */
export async function assertWritable(folder: string): Promise<number> {
  const probe = await Deno.makeTempFile({ dir: folder, prefix: PROBE });
  try {
    return (await Deno.stat(probe)).mtime?.getTime() ?? Date.now();
  } finally {
    await Deno.remove(probe);
  }
}
