/** How often this process has each database open. */
const open = new Map<string, number>();

/**
 * Notes that this process has a database open, until it is disposed of. Deno's KV and `node:sqlite` are two copies of SQLite
 * that know nothing of each other: when one closes a file, the locks of the other on it are gone, and with them the safety
 * of what both write. So nothing opens a database with the second while it is open with the first.
 *
 * @param path The database.
 */
export function noteOpen(path: string): Disposable {
  open.set(path, (open.get(path) ?? 0) + 1);
  return {
    [Symbol.dispose]() {
      const left = open.get(path)! - 1;
      if (left === 0) open.delete(path);
      else open.set(path, left);
    },
  };
}

/** True if this process has a database open. */
export function isOpenHere(path: string): boolean {
  return open.has(path);
}
