/**
 * Reads task files that are tables: CSV with commas or semicolons, or TSV.
 *
 * @module
 */
import { Readable } from "node:stream";
import { CsvError, type Info, type Options, parse } from "csv-parse";
import { fieldOfColumn, meantField, namedColumns, noteIgnored, shownName, type TaskFileColumns } from "./column_map.ts";
import { putField } from "./column_values.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { placeOf, shownNames, type TableHeader } from "./table_header.ts";
import { BadRows, tableText } from "./table_text.ts";
import { TaskFileError } from "./task_file_error.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { MAX_ENTRY_BYTES } from "./text_lines.ts";

interface Row {
  record: string[];
  info: Info;
}

/** What is in one column of the table. */
interface TableColumn {
  /** The field, or `header:NAME`. */
  readonly field: string;
  /** The place of the column, from 0. */
  readonly place: number;
  /** The name of the column, if the user named it. */
  readonly name?: string;
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
      const value = rows.entryOf(record);
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

class TableRows {
  readonly #columns: readonly TableColumn[];
  readonly #urlColumn: string | undefined;
  /** How many columns the header has. */
  readonly #width: number;
  /** Columns without a name, in which nothing was met so far. */
  readonly #unnamed: Set<number>;
  readonly #ignored: Set<string>;

  constructor({ names, lines }: TableHeader, columns: TaskFileColumns, ignored: Set<string>) {
    const { urlColumn } = columns;
    const failure = (message: string) => new TaskFileError(message, lines, 1);
    const named = namedColumns(columns).map(([field, name]): TableColumn => {
      const byName = /^\d+$/.test(name) ? -1 : placeOf(names ?? [], name);
      const place = byName >= 0 || !/^\d+$/.test(name) ? byName : Number(name) - 1;
      if (place >= 0 && place < (names?.length ?? Infinity)) return { field, place, name: names?.[place] ?? name };
      const known = names === undefined ? "the table has no header" : `the columns are ${shownNames(names)}`;
      throw failure(`There is no column ${shownName(name)}: ${known}`);
    });
    const taken = new Set(named.flatMap(({ place }) => place));
    const fields = new Set(named.map(({ field }) => field));
    const called: TableColumn[] = [];
    for (const [place, name] of (urlColumn === undefined ? names ?? [] : []).entries()) {
      const field = fieldOfColumn(name);
      if (field !== undefined && !fields.has(field)) {
        if (called.some((column) => column.field === field)) {
          throw failure(`Each column must be there once: "${field}" is there twice`);
        }
        called.push({ field, place });
      } else if (name !== "" && !taken.has(place)) {
        const meant = field === undefined ? meantField(name) : undefined;
        if (meant !== undefined) {
          const way = "--url-column says that only what --columns names is taken";
          throw failure(`There is no field ${shownName(name)}: did you mean ${meant}? (${way})`);
        }
        noteIgnored(ignored, name);
      }
    }
    this.#columns = [...named, ...called];
    this.#urlColumn = urlColumn;
    this.#width = names?.length ?? Infinity;
    const bare = urlColumn === undefined ? [...(names ?? []).entries()].filter(([, name]) => name === "") : [];
    this.#unnamed = new Set(bare.map(([place]) => place).filter((place) => !taken.has(place)));
    this.#ignored = ignored;
  }

  entryOf(record: readonly string[]): Record<string, unknown> | RefusedEntry {
    const bad = BadRows.problem(record);
    if (bad !== undefined) return bad;
    const entry: Record<string, unknown> = {};
    for (const { field, place, name } of this.#columns) putField(entry, field, record[place], name);
    for (const place of this.#unnamed) {
      if ((record[place] ?? "") === "") continue;
      this.#unnamed.delete(place);
      noteIgnored(this.#ignored, `column ${place + 1}`);
    }
    for (let place = this.#width; place < record.length; place++) {
      // The schema knows no such field, and says so.
      if (record[place] !== "") entry[`column ${place + 1}`] = record[place];
    }
    if (entry.url !== undefined || this.#urlColumn === undefined) return entry;
    return new RefusedEntry("url", `must be in the column ${JSON.stringify(this.#urlColumn)}, which is empty`);
  }
}
