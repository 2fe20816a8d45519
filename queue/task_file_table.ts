/**
 * Reads task files that are tables: CSV with commas or semicolons, or TSV, with a header whose columns have the names of
 * the fields of a task.
 *
 * @module
 */
import { Readable } from "node:stream";
import { CsvError, type Info, type Options, parse } from "csv-parse";
import { TaskFileError } from "./task_file_error.ts";
import type { TableHeader } from "./task_file_header.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { fieldsWhere } from "./task_request.ts";

/** Columns, and those whose cells are numbers, or urls with white space between them. */
const COLUMNS = fieldsWhere(({ cell }) => cell !== "headers");
const NUMBERS: ReadonlySet<string> = new Set(fieldsWhere(({ cell }) => cell === "number"));
const URLS: ReadonlySet<string> = new Set(fieldsWhere(({ cell }) => cell === "urls"));
/** Columns with this prefix are request headers. */
const HEADER = "header:";
const MAX_ROW_CHARACTERS = 1024 * 1024;

interface Row {
  record: string[];
  info: Info;
}

/**
 * Yields the entries of a table: cells that are empty are not there, `mirrors` are urls with white space between them, and a
 * column `header:NAME` is a request header.
 *
 * @param chunks The bytes of the file.
 * @param header Its header.
 * @returns The entries, and at the end whether the last line is open.
 * @throws {TaskFileError} If a column is no field, or at the first row that is not valid.
 */
export async function* scanTable(
  chunks: AsyncIterable<Uint8Array>,
  header: TableHeader,
): AsyncGenerator<RawEntry, ScanEnd> {
  const { delimiter } = header;
  const columns = fieldsOf(header.columns);
  const tab = delimiter === "\t";
  const end: ScanEnd = { endsOpen: false };
  const options: Options = {
    delimiter,
    info: true,
    raw: false,
    record_delimiter: "\n",
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_ROW_CHARACTERS,
    // What a spreadsheet exports with tabs has no quotes that mean anything.
    ...(tab ? { quote: false as const, escape: false as const } : {}),
  };
  const source = Readable.from(texts(chunks, end));
  const parser = parse(options);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let index = -1;
  try {
    for await (const { record, info } of parser as AsyncIterable<Row>) {
      if (index++ < 0) continue;
      const value = entryOf(record, columns);
      const breaks = record.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
      yield { index: index - 1, line: info.lines - breaks, value, text: JSON.stringify(value) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { lines?: number };
    // It may repeat the value of a cell, which may be a secret.
    const message = error.message.replace(/, value is .*$/s, "");
    throw new TaskFileError(`Not a valid table: ${message}`, lines ?? 1, 1);
  } finally {
    source.destroy();
    parser.destroy();
  }
  return end;
}

/** The text of a file with one kind of line breaks, so that rows and lines can be counted. */
async function* texts(chunks: AsyncIterable<Uint8Array>, end: ScanEnd): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let held = "";
  const take = (bytes?: Uint8Array) => {
    try {
      return held + (bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true }));
    } catch {
      throw new TaskFileError("The file must be UTF-8", 1, 1);
    }
  };
  for await (const chunk of chunks) {
    const text = take(chunk);
    held = text.endsWith("\r") ? "\r" : "";
    const whole = text.slice(0, text.length - held.length).replaceAll("\r\n", "\n");
    if (whole === "") continue;
    end.endsOpen = !whole.endsWith("\n");
    yield whole;
  }
  const last = take();
  if (last !== "") yield last;
}

/** The fields that the columns stand for, in their order. */
function fieldsOf(columns: readonly string[]): string[] {
  const fields = columns.map((name) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(HEADER)) return HEADER + name.slice(HEADER.length);
    const field = COLUMNS.find((field) => field.toLowerCase() === lower);
    if (field !== undefined) return field;
    const known = [...COLUMNS, `${HEADER}NAME`].join(", ");
    throw new TaskFileError(`Each column must be one of ${known}: current value is "${name}"`, 1, 1);
  });
  const twice = fields.find((field, i) => fields.indexOf(field) !== i);
  if (twice !== undefined) throw new TaskFileError(`Each column must be there once: "${twice}" is there twice`, 1, 1);
  return fields;
}

function entryOf(record: readonly string[], columns: readonly string[]): Record<string, unknown> {
  const entry: Record<string, unknown> = {};
  for (const [i, cell] of record.entries()) {
    const field = columns[i];
    if (cell === "") continue;
    // The schema knows no such field, and says so.
    if (field === undefined) entry[`column ${i + 1}`] = cell;
    else if (field.startsWith(HEADER)) {
      const headers = (entry.headers ??= {}) as Record<string, string>;
      headers[field.slice(HEADER.length)] = cell;
    } else if (URLS.has(field)) entry[field] = cell.split(/\s+/);
    else entry[field] = NUMBERS.has(field) && /^[+-]?\d+$/.test(cell) ? Number(cell) : cell;
  }
  return entry;
}
