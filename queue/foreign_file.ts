import { TaskFileError } from "./task_file_error.ts";

/** So many bytes tell what a file is. */
export const TELLING_BYTES = 512;

/** How a Parquet file begins and ends. */
const PARQUET = "PAR1";
const UNPACK = "unpack it, or pack it with gzip or zstd";
const WRITE = "write its table as Parquet or CSV";
const SAVE = "save its table as CSV";
/** How files begin that are no lists, byte by byte, and what they are. */
const FOREIGN: readonly (readonly [starts: readonly (string | RegExp)[], what: string])[] = [
  [["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"], `a ZIP archive: unpack it; if it is a spreadsheet, ${SAVE}`],
  [["\xfd7zXZ\0"], `packed with xz: ${UNPACK}`],
  [[/^BZh[1-9]/], `packed with bzip2: ${UNPACK}`],
  [["7z\xbc\xaf\x27\x1c"], "a 7z archive: unpack it"],
  [["Rar!\x1a\x07"], "a RAR archive: unpack it"],
  [[/^[^]{257}ustar/], "a tar archive: unpack it"],
  [["%PDF-"], "a PDF document"],
  [["SQLite format 3\0"], `a SQLite database: ${SAVE}`],
  [["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"], `a file of an old Office: ${SAVE}`],
  [["ARROW1\0"], `an Arrow file: ${WRITE}`],
  [["Obj\x01"], `an Avro file: ${WRITE}`],
  [[/^ORC(?![\w.:/-])/], `an ORC file: ${WRITE}`],
  [[/^d\d+:(?:announce|created by|creation date|info|comment|nodes|url-list)/], "a torrent"],
  [["\x89PNG\r\n", "\xff\xd8\xff", "GIF87a", "GIF89a", /^RIFF[^]{4}WEBP/], "a picture"],
  [[/^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)[\s>]/i], "a web page"],
];

/** True if a file can be read at any place and begins as Parquet does; it is left at its start. */
export function isParquetFile(file: Deno.FsFile): boolean {
  if (!file.statSync().isFile) return false;
  const start = new Uint8Array(PARQUET.length);
  const count = file.readSync(start);
  file.seekSync(0, Deno.SeekMode.Start);
  return count === start.length && String.fromCharCode(...start) === PARQUET;
}

/**
 * Throws if a file is certainly no list of tasks, and says what it is.
 *
 * @param start Its beginning, after it was unpacked: {@linkcode TELLING_BYTES}, or all of it.
 * @throws {TaskFileError} If it is something else.
 */
export function assertNoForeignFile(start: Uint8Array): void {
  const text = String.fromCharCode(...start.subarray(0, TELLING_BYTES));
  if (text.startsWith(PARQUET)) {
    throw new TaskFileError("A Parquet file must be a file by itself, neither packed nor in a pipe", 1, 1);
  }
  // A text in UTF-16 is full of zeros, and has a byte order mark.
  const what = FOREIGN.find(([starts]) => starts.some((each) => beginsWith(text, each)))?.[1] ??
    (text.includes("\0") && !/^(?:\xff\xfe|\xfe\xff)/.test(text) ? "a binary file" : undefined);
  if (what !== undefined) throw new TaskFileError(`It must be a list: this is ${what}`, 1, 1);
}

function beginsWith(text: string, start: string | RegExp): boolean {
  return typeof start === "string" ? text.startsWith(start) : start.test(text);
}
