import type { TaskFileRules } from "./column_map.ts";
import { ObjectEntries } from "./column_values.ts";
import type { GrowingForm } from "./growing_form.ts";
import { scanPlainList } from "./plain_list.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";

/**
 * Yields the entries of a task file from the beginning of a line on, which is that of an entry.
 *
 * @param form What the beginning of the file has told.
 * @param bytes The bytes from there on.
 * @param rules What the user says of columns, fields and folders. Default: they are called like those of a task.
 * @returns The entries, with indexes from 0 and lines from 1; at the end what `scanTaskFile` returns.
 * @throws {TaskFileError} At the first place that is not valid.
 */
export async function* scanTaskFileRest(
  form: GrowingForm,
  bytes: AsyncIterable<Uint8Array>,
  rules: TaskFileRules = {},
): AsyncGenerator<RawEntry, ScanEnd> {
  const { directory, ...columns } = rules;
  if (form.type === "list") return yield* scanPlainList(bytes, directory);
  if (form.type === "table") {
    const { scanTable } = await import("./task_file_table.ts");
    return yield* scanTable(bytes, { ...form.header, lines: 0 }, columns);
  }
  const { JsonScanner } = await import("./json_scanner.ts");
  const ignored = new Set<string>();
  const scanner = new JsonScanner(new ObjectEntries(columns, ignored), true);
  for await (const chunk of bytes) yield* scanner.push(chunk);
  const end = yield* scanner.end();
  return { ...end, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
}
