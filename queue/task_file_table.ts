/**
 * Reads task files that are tables: CSV with commas or semicolons, or TSV.
 *
 * @module
 */
import { Readable } from "node:stream";
import { CsvError, type Info, type Options, parse } from "csv-parse";
import type { TaskFileColumns } from "./column_map.ts";
import { RefusedEntry } from "./refused_entry.ts";
import type { TableHeader } from "./table_header.ts";
import { TableRows } from "./table_rows.ts";
import { BadRows, tableText } from "./table_text.ts";
import { TaskFileError } from "./task_file_error.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { MAX_ENTRY_BYTES } from "./text_lines.ts";

interface Row {
  record: string[];
  info: Info;
}

/**
 * Yields the entries of a table: cells that are empty are not there, `mirrors` are urls with white space between them, and a
 * column `header:NAME` is a request header.
 *
 * @param chunks The bytes of the file.
 * @param header What comes before its rows.
 * @param columns What the user says of its columns.
 * @returns The entries; at the end whether the last line is open, and the names of columns that mean nothing.
 * @throws {TaskFileError} If a column seems to be meant for a field, or at the first row that is not valid.
 */
export async function* scanTable(
  chunks: AsyncIterable<Uint8Array>,
  header: TableHeader,
  columns: TaskFileColumns = {},
): AsyncGenerator<RawEntry, ScanEnd> {
  const ignored = new Set<string>();
  const rows = new TableRows(header, columns, ignored);
  const end: ScanEnd = { endsOpen: false };
  const options: Options = {
    delimiter: header.delimiter,
    info: true,
    raw: false,
    record_delimiter: "\n",
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_ENTRY_BYTES,
    // What a spreadsheet exports with tabs has no quotes that mean anything.
    ...(header.delimiter === "\t" ? { quote: false as const, escape: false as const } : {}),
  };
  const source = Readable.from(tableText(chunks, header, end));
  const parser = parse(options);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let index = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Row>) {
      const value = BadRows.problem(record) ?? rows.entryOf(record);
      const breaks = record.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
      const text = value instanceof RefusedEntry ? value.message : JSON.stringify(value);
      yield { index: index++, line: header.lines + info.lines - breaks, value, text };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { lines?: number };
    // It may repeat the value of a cell, which may be a secret.
    const message = error.message.replace(/, value is .*$/s, "").replace(/ at line \d+/, "");
    throw new TaskFileError(`Not a valid table: ${message}`, header.lines + (lines ?? 1), 1);
  } finally {
    source.destroy();
    parser.destroy();
  }
  return { ...end, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
}
