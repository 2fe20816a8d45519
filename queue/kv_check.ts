import { builtinModule } from "../base/builtin_module.ts";
import { DAMAGED } from "./kv_probe.ts";
import { isOpenHere } from "./open_databases.ts";

/** So many faults say enough. */
const MOST = 3;

/**
 * Looks through the whole file of a database. Nothing of it is changed.
 *
 * @param path A database file; it must not be open in this process.
 * @returns What is wrong with it; nothing if all is well.
 * @throws {Error} Of SQLite, if it cannot be read at all.
 */
export function checkKv(path: string): string[] {
  if (isOpenHere(path)) return [];
  const { DatabaseSync } = builtinModule("node:sqlite");
  using database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare(`pragma quick_check(${MOST})`).all();
    return rows.map((row) => String(Object.values(row)[0])).filter((fault) => fault !== "ok");
  } catch (error) {
    if (error instanceof Error && DAMAGED.test(error.message)) return [error.message];
    throw error;
  }
}
