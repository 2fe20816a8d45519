/**
 * Reads task files piece by piece, so that the memory does not grow with the file: a JSON array, JSON values in a row, a plain
 * list of urls, a table (CSV, TSV or Parquet), a sitemap, or a Metalink document, which alone is read as a whole. Any of them but Parquet
 * may be packed with gzip or zstd. Its beginning tells which it is.
 *
 * @module
 */
import { fileBytes } from "../base/file_bytes.ts";
import { concatBytes, peekBytes } from "./byte_peek.ts";
import type { TaskFileColumns, TaskFileRules } from "./column_map.ts";
import { ObjectEntries } from "./column_values.ts";
import { assertNoForeignFile, isParquetFile, TELLING_BYTES } from "./foreign_file.ts";
import { scanPlainList } from "./plain_list.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { tableHeader, tellsHeader } from "./table_header.ts";
import { TaskFileError } from "./task_file_error.ts";
import { textBytes } from "./text_bytes.ts";
import { unpackTaskFile } from "./unpack_task_file.ts";
import { xmlRoot } from "./xml_root.ts";

/** Where a task file comes from. */
export type TaskFileSource = AsyncIterable<Uint8Array> | Deno.FsFile;

/** It is read as a whole. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;
const MOST_BEFORE_ROOT = 64 * 1024;
/** Stands for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";
/** What may come before JSON. */
const COMMENTS = /^(?:[ \t\r\n]|\/\/[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*/;

/**
 * Yields the entries of a task file.
 *
 * @param source The bytes of the file; or the file, where it is to be read from: Parquet is read in no other way.
 * @param rules What the user says of columns, fields and folders. Default: they are called like those of a task.
 * @returns The entries; at the end whether the last line is open, the names of what means nothing to a task, and the form.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 */
export async function* scanTaskFile(
  source: TaskFileSource,
  rules: TaskFileRules = {},
): AsyncGenerator<RawEntry, ScanEnd> {
  const { directory, ...columns } = rules;
  const file = source instanceof Deno.FsFile ? source : undefined;
  if (file !== undefined && isParquetFile(file)) {
    return yield* (await import("./parquet_file.ts")).scanParquet(file, columns);
  }
  const chunks = source instanceof Deno.FsFile ? fileBytes(source) : source;
  const unpacked = await peekBytes(unpackTaskFile(chunks), ({ length }) => length >= TELLING_BYTES);
  assertNoForeignFile(unpacked.start);
  const { start, bytes } = await peekBytes(textBytes(unpacked.bytes), tellsHeader);
  const text = new TextDecoder().decode(start);
  const header = tableHeader(text, columns);
  // Few lists are tables or documents: the others need not load what reads those.
  if (header !== undefined) {
    const { scanTable } = await import("./task_file_table.ts");
    return { ...yield* scanTable(bytes, header, columns), form: { type: "table", header } };
  }
  const first = text.replace(COMMENTS, "")[0];
  if (first === "<") return yield* scanXml(bytes);
  if (first === undefined || first === "[") return yield* scanJson(bytes, columns);
  if ('{"'.includes(first)) return { ...yield* scanJson(bytes, columns), form: { type: "values" } };
  return { ...yield* scanPlainList(bytes, directory), form: { type: "list" } };
}

async function* scanJson(
  bytes: AsyncIterable<Uint8Array>,
  columns: TaskFileColumns,
): AsyncGenerator<RawEntry, ScanEnd> {
  const { JsonScanner } = await import("./json_scanner.ts");
  const ignored = new Set<string>();
  const scanner = new JsonScanner(new ObjectEntries(columns, ignored));
  for await (const chunk of bytes) yield* scanner.push(chunk);
  const end = yield* scanner.end();
  return { ...end, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
}

async function* scanXml(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawEntry, ScanEnd> {
  const decode = (start: Uint8Array) => new TextDecoder().decode(start);
  const { start, bytes } = await peekBytes(
    chunks,
    (start) => start.length > MOST_BEFORE_ROOT || xmlRoot(decode(start)) !== undefined,
  );
  const root = xmlRoot(decode(start));
  if (root === "urlset") return yield* (await import("./sitemap.ts")).scanSitemap(bytes);
  if (root !== undefined && root !== "metalink") {
    const what = root === "sitemapindex"
      ? "this is an index of sitemaps, each of which is a list"
      : `its root is <${root}>`;
    throw new TaskFileError(`XML must be a sitemap or a Metalink document: ${what}`, 1, 1);
  }
  const document = await readDocument(bytes);
  const { parseMetalink } = await import("./metalink.ts");
  for (const [index, file] of parseMetalink(document).entries()) {
    const text = JSON.stringify(file);
    const value = text.includes(REPLACEMENT) ? new RefusedEntry("file", "must be UTF-8") : file;
    yield { index, line: 1, value, text };
  }
  return { endsOpen: false };
}

async function readDocument(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > MAX_DOCUMENT_BYTES) {
      throw new TaskFileError(`A Metalink document must be at most ${MAX_DOCUMENT_BYTES} bytes long`, 1, 1);
    }
    pieces.push(chunk.slice());
  }
  return new TextDecoder().decode(concatBytes(pieces)).trimStart();
}
