import { builtinModule } from "../base/builtin_module.ts";
import { isOpenHere } from "./open_databases.ts";

/** What became of a database that was to be written anew. */
export type KvCompaction =
  | { type: "done"; freed: number }
  /** `open`: this process has it open. `busy`: others kept it busy. `little`: there was little to gain. */
  | { type: "kept"; why: "open" | "busy" | "little" };

/** Less than this is not worth the work. */
const WORTH_BYTES = 1024 * 1024;
/** Nor is less than this part of the file, which has to be written anew. */
const WORTH_SHARE = 0.25;
const BUSY = /database (table )?is locked/;
/** How long to wait for others that read or write, and for Deno to let go of what is closed. */
const PATIENCE_MS = 2000;
const LOOK_MS = 20;

/**
 * Gives the room that a database does not use any more back to the disk, by writing it anew: it takes as much room once
 * more for a moment. Whoever has it open meanwhile waits. What was deleted stands nowhere in its files then.
 *
 * @param path A database file; if it is open in this process, nothing happens.
 * @param always Write it anew even if there is little to gain.
 * @returns How many bytes the file is smaller, or why it is as it was.
 * @throws {Error} Of SQLite, if there is no room to write it anew; it is as it was then.
 */
export async function compactKv(path: string, always: boolean): Promise<KvCompaction> {
  if (isOpenHere(path) || !await isLetGo(path)) return { type: "kept", why: "open" };
  const { DatabaseSync } = builtinModule("node:sqlite");
  const before = Deno.statSync(path).size;
  const database = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    const number = (pragma: string): number => Object.values(database.prepare(`pragma ${pragma}`).get()!)[0] as number;
    const free = number("freelist_count") * number("page_size");
    if (!always && (free < WORTH_BYTES || free < before * WORTH_SHARE)) return { type: "kept", why: "little" };
    database.exec("vacuum");
    // The file changes, and gets shorter, when what was written is brought into it. The answer begins with 1 if others read it.
    if (number("wal_checkpoint(truncate)") !== 0) return { type: "kept", why: "busy" };
  } catch (error) {
    if (error instanceof Error && BUSY.test(error.message)) return { type: "kept", why: "busy" };
    throw error;
  } finally {
    database.close();
  }
  return { type: "done", freed: Math.max(0, before - Deno.statSync(path).size) };
}

/** Resolves when no descriptor of this process leads to a file any more; false if one still does. */
async function isLetGo(path: string): Promise<boolean> {
  const until = performance.now() + PATIENCE_MS;
  while (await hasDescriptor(path)) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}

async function hasDescriptor(path: string): Promise<boolean> {
  const real = await Deno.realPath(path);
  try {
    for await (const { name } of Deno.readDir("/proc/self/fd")) {
      const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => "");
      if (target === real || target.startsWith(`${real}-`)) return true;
    }
    return false;
  } catch {
    // Where nobody can tell, the file stays as it is.
    return true;
  }
}
