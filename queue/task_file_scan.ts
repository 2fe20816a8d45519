/**
 * Reads task files piece by piece, so that the memory does not grow with the file: a JSON array, JSON Lines (one object
 * a line), a plain list of urls, a table with a header (CSV or TSV), or a Metalink 4 document, which alone is read as a
 * whole. Any of them may be packed with gzip. The first line tells which.
 *
 * @module
 */
import { concatBytes, peekBytes } from "./byte_peek.ts";
import type { TaskFileColumns } from "./column_map.ts";
import { ObjectEntries } from "./column_values.ts";
import { assertNoForeignFile, TELLING_BYTES } from "./foreign_file.ts";
import { scanPlainList } from "./plain_list.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { TaskFileError } from "./task_file_error.ts";
import { tableHeader, tellsHeader } from "./table_header.ts";
import { textBytes } from "./text_bytes.ts";
import { unpackTaskFile } from "./unpack_task_file.ts";
import { MAX_ENTRY_BYTES } from "./text_lines.ts";

/** It is read as a whole. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;
const LF = 0x0a;
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSE: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;
const TAG_OPEN = 0x3c;
const COMMA = 0x2c;

/**
 * Yields the entries of a task file.
 *
 * @param chunks The bytes of the file.
 * @param columns What the user says of columns and fields. Default: they are called like those of a task.
 * @returns The entries; at the end whether the last line is open, and the names of what means nothing to a task.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 */
export async function* scanTaskFile(
  chunks: AsyncIterable<Uint8Array>,
  columns: TaskFileColumns = {},
): AsyncGenerator<RawEntry, ScanEnd> {
  const unpacked = await peekBytes(unpackTaskFile(chunks), ({ length }) => length >= TELLING_BYTES);
  assertNoForeignFile(unpacked.start);
  const { start, bytes } = await peekBytes(textBytes(unpacked.bytes), tellsHeader);
  const text = new TextDecoder().decode(start);
  const header = tableHeader(text, columns);
  // Few lists are tables or documents: the others need not load what reads those.
  if (header !== undefined) return yield* (await import("./task_file_table.ts")).scanTable(bytes, header, columns);
  if (/^[ \t\r\n]*[^ \t\r\n[{<]/.test(text)) return yield* scanPlainList(bytes);
  const ignored = new Set<string>();
  const scanner = new Scanner(new ObjectEntries(columns, ignored));
  for await (const chunk of bytes) yield* scanner.push(chunk);
  const document = scanner.document();
  if (document === undefined) {
    const end = yield* scanner.end();
    return { ...end, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
  }
  const { parseMetalink } = await import("./metalink.ts");
  for (const [index, value] of parseMetalink(document).entries()) {
    yield { index, line: 1, value, text: JSON.stringify(value) };
  }
  return { endsOpen: false };
}

type State = "start" | "document" | "lines" | "before-value" | "value" | "after-value" | "done";

class Scanner {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #objects: ObjectEntries;
  #state: State = "start";
  #index = 0;
  #line = 1;
  #column = 0;
  #entryLine = 1;
  #entryColumn = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #mayClose = true;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;

  constructor(objects: ObjectEntries) {
    this.#objects = objects;
  }

  *push(chunk: Uint8Array): Generator<RawEntry> {
    const inside: readonly State[] = ["value", "lines", "document"];
    let lineBreak = -1;
    let backslash = -1;
    let from = this.#pieceBytes > 0 || inside.includes(this.#state) ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === LF) {
        this.#line++;
        this.#column = 0;
      } else {
        this.#column++;
      }
      switch (this.#state) {
        case "start":
          if (SPACE.has(byte) || this.#isBom(byte)) break;
          if (byte === ARRAY_OPEN) {
            this.#state = "before-value";
            break;
          }
          this.#state = byte === TAG_OPEN ? "document" : "lines";
          this.#markEntry();
          from = i;
          break;
        case "lines":
          if (byte !== LF) break;
          this.#keep(chunk.subarray(from, i));
          yield* this.#takeLine();
          from = i + 1;
          break;
        case "before-value":
          if (SPACE.has(byte)) break;
          if (byte === ARRAY_CLOSE && this.#mayClose) {
            this.#state = "done";
            break;
          }
          if (byte === COMMA || CLOSE.has(byte)) this.#fail(`Unexpected "${String.fromCharCode(byte)}"`);
          this.#state = "value";
          this.#depth = OPEN.has(byte) ? 1 : 0;
          this.#inString = byte === QUOTE;
          this.#escaped = false;
          this.#markEntry();
          from = i;
          break;
        case "value":
          if (this.#inString) {
            if (this.#escaped) this.#escaped = false;
            else if (byte === BACKSLASH) this.#escaped = true;
            else if (byte === QUOTE) this.#inString = false;
            else if (byte !== LF) {
              // Most of a list is in strings: on to the next byte that matters there.
              if (lineBreak < i) lineBreak = indexOrEnd(chunk, LF, i);
              if (backslash < i) backslash = indexOrEnd(chunk, BACKSLASH, i);
              const next = Math.min(indexOrEnd(chunk, QUOTE, i), lineBreak, backslash);
              this.#column += next - i - 1;
              i = next - 1;
            }
            break;
          }
          if (byte === QUOTE) this.#inString = true;
          else if (this.#depth > 0) {
            if (OPEN.has(byte)) this.#depth++;
            else if (CLOSE.has(byte)) this.#depth--;
          } else if (byte === COMMA || byte === ARRAY_CLOSE) {
            this.#keep(chunk.subarray(from, i));
            yield this.#takeJson();
            this.#mayClose = false;
            this.#state = byte === COMMA ? "before-value" : "done";
          }
          break;
        case "done":
          if (!SPACE.has(byte)) this.#fail("Unexpected text after the end of the list");
          break;
        default:
          break;
      }
    }
    if (inside.includes(this.#state)) this.#keep(chunk.subarray(Math.max(0, from)));
  }

  /** The whole text, if it is one document and not a list of entries. */
  document(): string | undefined {
    return this.#state === "document" ? this.#takeText() : undefined;
  }

  *end(): Generator<RawEntry, ScanEnd> {
    if (this.#state === "lines") {
      const endsOpen = this.#pieceBytes > 0;
      yield* this.#takeLine();
      return { endsOpen };
    }
    if (this.#state !== "start" && this.#state !== "done") {
      this.#column++;
      this.#fail("The list is not finished: ] is missing");
    }
    return { endsOpen: false };
  }

  /** The three bytes of a byte order mark, which some editors write. */
  #isBom(byte: number): boolean {
    return this.#line === 1 && ((this.#column === 1 && byte === 0xef) || (this.#column === 2 && byte === 0xbb) ||
      (this.#column === 3 && byte === 0xbf));
  }

  #markEntry(): void {
    this.#entryLine = this.#line;
    this.#entryColumn = this.#column;
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieceBytes += piece.length;
    const most = this.#state === "document" ? MAX_DOCUMENT_BYTES : MAX_ENTRY_BYTES;
    if (this.#pieceBytes > most) {
      throw new TaskFileError(
        `${this.#state === "document" ? "A Metalink document" : "An entry"} must be at most ${most} bytes long`,
        this.#entryLine,
        this.#entryColumn,
      );
    }
    this.#pieces.push(piece.slice());
  }

  #takeText(): string {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    const bytes = pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw new TaskFileError("The file must be UTF-8", this.#entryLine, this.#entryColumn);
    }
  }

  #takeJson(): RawEntry {
    const text = this.#takeText().trimEnd();
    return { index: this.#index++, line: this.#entryLine, value: this.#parse(text), text };
  }

  *#takeLine(): Generator<RawEntry> {
    const text = this.#takeText().trim();
    if (text !== "") yield { index: this.#index++, line: this.#entryLine, value: this.#parse(text), text };
    this.#entryLine = this.#line;
    this.#entryColumn = 1;
  }

  #parse(text: string): unknown {
    try {
      return this.#objects.entryOf(JSON.parse(text));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const position = faultPosition(text);
      const before = text.slice(0, position).split("\n");
      const last = before.at(-1)!.length;
      throw new TaskFileError(
        // The engine repeats what stands there, which may be a password.
        message.replace(/(?: (?:in JSON )?at position \d+|, (?:\.\.\.)?").*$/s, ""),
        this.#entryLine + before.length - 1,
        before.length === 1 ? this.#entryColumn + last : last + 1,
      );
    }
  }

  #fail(message: string): never {
    throw new TaskFileError(message, this.#line, this.#column);
  }
}

/** Where JSON goes wrong: the engine does not always say, but a prefix that ends before the fault is only unfinished. */
function faultPosition(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const length = (good + bad) >> 1;
    if (isUnfinished(text.slice(0, length))) good = length;
    else bad = length;
  }
  return good;
}

function isUnfinished(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const position = /at position (\d+)/.exec(message);
    return position === null
      ? message.startsWith("Unexpected end")
      : message.startsWith("Unterminated") || Number(position[1]) >= prefix.length;
  }
}

function indexOrEnd(chunk: Uint8Array, byte: number, from: number): number {
  const index = chunk.indexOf(byte, from);
  return index < 0 ? chunk.length : index;
}
