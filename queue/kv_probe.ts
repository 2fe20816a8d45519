import { builtinModule } from "../base/builtin_module.ts";

/** What Deno's KV thread reads as soon as a database is open. */
const FIRST_READS = [
  "select id from queue_running where deadline <= 9000000000000000 limit 100",
  "select ts from queue order by ts limit 1",
  "select count(*) from kv where expiration_ms >= 0",
];

/** What SQLite says of a file that is damaged. */
export const DAMAGED = /malformed|not a database/;
const FOREIGN = "it is the database of another program";

/**
 * Looks for damage in a database before Deno opens it: its KV thread panics over a page that it cannot read, and takes
 * the whole process along. What this cannot judge, it leaves to the opening itself.
 *
 * @param path A database file, which may be missing.
 * @returns What is wrong with it, or `undefined`.
 */
export function kvProbe(path: string): string | undefined {
  try {
    const { isDirectory, size } = Deno.statSync(path);
    if (isDirectory) return "it is a folder";
    if (size === 0) return undefined;
    const { DatabaseSync } = builtinModule("node:sqlite");
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
      // Deno would put its own tables beside those of whoever made the file.
      if (tables.length > 0 && !tables.some(({ name }) => name === "kv")) return FOREIGN;
      for (const read of FIRST_READS) database.prepare(read).all();
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof Error && DAMAGED.test(error.message)) return error.message;
  }
  return undefined;
}
