import { scanTaskFile } from "../queue/task_file_scan.ts";

/** An entry as it stands in a task file, not checked yet. */
export interface TaskFileEntry {
  /** The line on which it starts, from 1. */
  line: number;
  /** Any JSON value, or the text of a line of a plain list. */
  value: unknown;
}

/**
 * Reads the entries of a task file in any of its forms: a JSON array, JSON Lines, one url a line, or Metalink 4.
 *
 * @param chunks The bytes of the file.
 * @returns The entries, in order.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 *
 * @example
 * ```ts
 * import { readTaskFile } from "./read_task_file.ts";
 *
 * const file = new Blob(['[{ "url": "https://example.org/a" }]']).stream();
 * for await (const entry of readTaskFile(file)) entry.value; // { url: "https://example.org/a" }
 * ```
 */
export async function* readTaskFile(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TaskFileEntry, void> {
  for await (const { line, value } of scanTaskFile(chunks)) yield { line, value };
}
