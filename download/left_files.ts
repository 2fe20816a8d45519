/**
 * Files that a download left behind.
 *
 * @module
 */
import { closeLocked } from "./close_locked.ts";

/** What is there; undefined if nothing is. */
export function lookAtLeft(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** The lock of a file; undefined if somebody has that. */
export function lockLeft(path: string): Disposable | undefined {
  const file = Deno.openSync(path, { read: true, write: true });
  if (file.tryLockSync(true)) return { [Symbol.dispose]: () => closeLocked(file) };
  file.close();
  return undefined;
}

/** Removes a file; false if it is gone already. */
export function removeLeft(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
