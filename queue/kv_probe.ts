import { builtinModule } from "../base/builtin_module.ts";

/** What Deno's KV thread reads as soon as a database is open. */
const FIRST_READS = [
  "select id from queue_running where deadline <= 9000000000000000 limit 100",
  "select ts from queue order by ts limit 1",
  "select count(*) from kv where expiration_ms >= 0",
];

const DAMAGED = /malformed|not a database/;

/**
 * Looks for damage in a database before Deno opens it: its KV thread panics over a page that it cannot read, and takes
 * the whole process along. What this cannot judge, it leaves to the opening itself.
 *
 * @param path A database file, which may be missing.
 * @returns What is wrong with it, or `undefined`.
 */
export function kvProbe(path: string): string | undefined {
  try {
    if (Deno.statSync(path).size === 0) return undefined;
    const { DatabaseSync } = builtinModule("node:sqlite");
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      for (const read of FIRST_READS) database.prepare(read).all();
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof Error && DAMAGED.test(error.message)) return error.message;
  }
  return undefined;
}
