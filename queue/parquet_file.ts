/**
 * Reads task files that are Parquet: tables in columns, packed, with what they hold at their end.
 *
 * @module
 */
import type { AsyncBuffer, FileMetaData, ParquetScan, RowGroup } from "hyparquet";
import { builtinModule } from "../base/builtin_module.ts";
import { fieldOfColumn, type TaskFileColumns } from "./column_map.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { shownNames } from "./table_header.ts";
import { TableRows } from "./table_rows.ts";
import { TaskFileError } from "./task_file_error.ts";

/** Rows that are read at once, if the file has an index of its pages. */
const ROWS_AT_ONCE = 20_000;
/** Without one, all rows of a group are read at once, unpacked. */
const MOST_GROUP_BYTES = 1024 * 1024 * 1024;

/**
 * Yields the rows of a Parquet file as entries. Its columns are those of a table; the line of an entry is the number of its row.
 *
 * @param file The file.
 * @param columns What the user says of its columns.
 * @returns The entries; at the end the names of columns that mean nothing to a task.
 * @throws {TaskFileError} If it is not whole or damaged, or if nothing says in which column the urls are.
 */
export async function* scanParquet(
  file: Deno.FsFile,
  columns: TaskFileColumns,
): AsyncGenerator<RawEntry, ScanEnd> {
  const ignored = new Set<string>();
  const { metadata, names, scan } = await valid(() => openScan(file));
  if (columns.urlColumn === undefined && !names.some((name) => fieldOfColumn(name) === "url")) {
    const must = "A table must have a column url, or --url-column must name it: its columns are";
    throw new TaskFileError(`${must} ${shownNames(names)}`, 1, 1);
  }
  const rows = new TableRows({ names, lines: 1 }, columns, ignored);
  const read = rows.places;
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const step = rowsAtOnce(group, read.map((place) => names[place]!));
    for (let from = start; from < end; from += step) {
      const to = Math.min(end, from + step);
      const data = await valid(() => readColumns(scan, read.map((place) => names[place]!), from, to));
      for (let row = from; row < to; row++) {
        const record: unknown[] = [];
        for (const [i, place] of read.entries()) record[place] = data[i]![row - from];
        const value = rows.entryOf(record);
        const text = value instanceof RefusedEntry ? value.message : JSON.stringify(value);
        yield { index: row, line: row + 1, value, text };
      }
    }
    start = end;
  }
  return { endsOpen: false, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
}

async function openScan(
  file: Deno.FsFile,
): Promise<{ metadata: FileMetaData; names: string[]; scan: ParquetScan }> {
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import("hyparquet");
  const buffer = asyncBuffer(file);
  const metadata = await parquetMetadataAsync(buffer);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const { brotliDecompressSync, gunzipSync, zstdDecompressSync } = builtinModule("node:zlib");
  // What a page says of its length keeps a small file from filling the memory.
  const atMost = (length: number) => ({ maxOutputLength: Math.max(1, length) });
  const scan = await parquetScan({
    file: buffer,
    metadata,
    parsers: { stringFromBytes },
    compressors: {
      GZIP: (bytes, length) => gunzipSync(bytes, atMost(length)),
      BROTLI: (bytes, length) => brotliDecompressSync(bytes, atMost(length)),
      ZSTD: (bytes, length) => zstdDecompressSync(bytes, atMost(length)),
    },
  });
  return { metadata, names, scan };
}

function readColumns(
  scan: ParquetScan,
  names: readonly string[],
  rowStart: number,
  rowEnd: number,
): Promise<ArrayLike<unknown>[]> {
  return Promise.all(names.map((column) => scan.readColumn({ column, rowStart, rowEnd })));
}

/** How many rows to read at once: all of a group, if that is the only way. */
function rowsAtOnce({ columns, num_rows }: RowGroup, names: readonly string[]): number {
  const read = columns.filter(({ meta_data }) => names.includes(meta_data?.path_in_schema[0] ?? ""));
  if (read.every(({ offset_index_offset }) => offset_index_offset !== undefined)) return ROWS_AT_ONCE;
  const bytes = read.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
  if (bytes <= MOST_GROUP_BYTES) return Math.max(1, Number(num_rows));
  const must = `at most ${MOST_GROUP_BYTES} bytes in the columns that are read, or an index of its pages`;
  throw new TaskFileError(`A row group of a Parquet file must have ${must}: it has ${bytes} bytes`, 1, 1);
}

/** The file as the reader wants it: what is asked for at the same time is read one after the other. */
function asyncBuffer(file: Deno.FsFile): AsyncBuffer {
  const { size } = file.statSync();
  return {
    byteLength: size,
    slice(start, end = size) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      file.seekSync(start, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) {
        const count = file.readSync(bytes.subarray(at));
        if (count === null) throw new RangeError("it is shorter than it was");
        at += count;
      }
      return bytes.buffer;
    },
  };
}

/** A text, or what stands for one that is none. */
function stringFromBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new RefusedEntry("line", "must be UTF-8");
  }
}

async function valid<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TaskFileError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new TaskFileError(`Not a valid Parquet file: ${message}`, 1, 1, { cause: error });
  }
}
