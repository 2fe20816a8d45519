import type { TaskFileRules } from "../queue/column_map.ts";
import { assertTaskFile } from "../queue/task_file_check.ts";
import { scanTaskFile, type TaskFileSource } from "../queue/task_file_scan.ts";
import { taskFileRules } from "./task_file_rules.ts";

/** An entry as it stands in a task file, not checked yet. */
export interface TaskFileEntry {
  /** The line on which it starts, from 1. */
  line: number;
  /** Any JSON value, the text of a line of a plain list, or what says why the entry is refused: `addEntries` says it too. */
  value: unknown;
}

/** How {@linkcode readTaskFile} reads. */
export interface ReadTaskFileOptions extends TaskFileRules {
  /** Told at the end of names that mean nothing to a task, if there are any: fields, columns or options. */
  onIgnored?: (names: readonly string[]) => void;
}

/**
 * Reads the entries of a task file in any of its forms: a JSON array, JSON values in a row, one url a line, CSV or TSV with a
 * header, Parquet, a sitemap, or Metalink; packed with gzip or zstd or not. The memory does not grow with the file.
 *
 * @param source The bytes of the file; or its path: then it may be Parquet, and no entry is given unless the syntax of all of it is valid.
 * @param options How to read.
 * @returns The entries, in order.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 * @throws {CfgError} If a column is named for what is no field of a task.
 * @throws {Error} An error of `Deno.open`, if the file cannot be read.
 *
 * @example
 * ```ts
 * import { readTaskFile } from "./read_task_file.ts";
 *
 * const file = new Blob(['[{ "url": "https://example.org/a" }]']).stream();
 * for await (const entry of readTaskFile(file)) entry.value; // { url: "https://example.org/a" }
 * ```
 */
export async function* readTaskFile(
  source: string | AsyncIterable<Uint8Array>,
  options: ReadTaskFileOptions = {},
): AsyncGenerator<TaskFileEntry, void, void> {
  if (typeof source === "string") {
    using file = await Deno.open(source);
    // A pipe can be read only once.
    if ((await file.stat()).isFile) await assertTaskFile(file, taskFileRules(options));
    yield* entriesOf(file, options);
  } else yield* entriesOf(source, options);
}

async function* entriesOf(
  source: TaskFileSource,
  options: ReadTaskFileOptions,
): AsyncGenerator<TaskFileEntry, void, void> {
  await using scan = scanTaskFile(source, taskFileRules(options));
  let step = await scan.next();
  for (; step.done !== true; step = await scan.next()) {
    const { line, value } = step.value;
    yield { line, value };
  }
  if (step.value.ignored !== undefined) options.onIgnored?.(step.value.ignored);
}
