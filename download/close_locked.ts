/**
 * Gives a file's lock back and closes the file. A close alone is not enough: a program that any thread is just starting
 * has copies of all descriptors until it runs, and a lock stays as long as any copy is open.
 */
export function closeLocked(file: Deno.FsFile): void {
  try {
    file.unlockSync();
  } catch {
    // A disk that refuses this, such as one that is gone, lets go of the lock at the close.
  }
  file.close();
}
