import { concatBytes } from "./byte_peek.ts";
import type { ObjectEntries } from "./column_values.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { TaskFileError } from "./task_file_error.ts";
import { MAX_ENTRY_BYTES } from "./text_lines.ts";

const LF = 0x0a;
/** White space, and the bytes of a byte order mark, which stands where files were put together. */
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const STAR = 0x2a;
const OPEN: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSE: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;
const COMMA = 0x2c;
const BLANK = 0x20;

/**
 * `start`: nothing has come. `before`: a value may begin. `value`: within one. `after`: in a row of values, behind one that ends
 * by itself. `done`: behind the end of an array.
 */
type State = "start" | "before" | "value" | "done";

/**
 * Cuts JSON into the values of an array, or into values that stand in a row, as JSON Lines and pretty-printed ones do; comments
 * may stand anywhere. A value that is not UTF-8 or too long is refused by itself.
 */
export class JsonScanner {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #objects: ObjectEntries;
  #state: State = "start";
  #isArray = false;
  #index = 0;
  #line = 1;
  #column = 0;
  #entryLine = 1;
  #entryColumn = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #mayClose = true;
  /** The byte before was a `/` outside of a text. */
  #slash = false;
  #comment: "line" | "block" | undefined;
  /** Within a comment that `*` and `/` end, the byte before was a `*`. */
  #star = false;
  /** What stands for the comment, so that every place stays the same. */
  #blanks: number[] = [];
  #lastByte = LF;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;

  /**
   * @param objects Makes entries of objects.
   * @param inRow What comes goes on with a row of values. Default: it may be an array.
   */
  constructor(objects: ObjectEntries, inRow = false) {
    this.#objects = objects;
    if (inRow) this.#state = "before";
  }

  /**
   * Takes more bytes.
   *
   * @returns The entries that end in them.
   * @throws {TaskFileError} At the first place that is not valid.
   */
  *push(chunk: Uint8Array): Generator<RawEntry> {
    let lineBreak = -1;
    let backslash = -1;
    let from = this.#state === "value" ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === LF) {
        this.#line++;
        this.#column = 0;
      } else {
        this.#column++;
      }
      if (this.#state === "value" && this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#depth > 0 || this.#isArray) continue;
          yield* this.#end(chunk.subarray(from, i + 1));
          from = -1;
        } else if (byte === LF) {
          // No text goes on behind it: the rest of a long file is none of this value.
          yield* this.#end(chunk.subarray(from, i));
        } else {
          // Most of a list is in texts: on to the next byte that matters there.
          if (lineBreak < i) lineBreak = indexOrEnd(chunk, LF, i);
          if (backslash < i) backslash = indexOrEnd(chunk, BACKSLASH, i);
          const next = Math.min(indexOrEnd(chunk, QUOTE, i), lineBreak, backslash);
          this.#column += next - i - 1;
          i = next - 1;
        }
        continue;
      }
      if (byte === SLASH || this.#slash || this.#comment !== undefined) {
        const begins = !this.#slash && this.#comment === undefined;
        const ended = this.#passComment(byte);
        if (this.#state === "value") {
          if (begins) this.#keep(chunk.subarray(from, i));
          if (ended) this.#keep(this.#takeBlanks());
          from = i + 1;
        } else if (ended) this.#takeBlanks();
        continue;
      }
      switch (this.#state) {
        case "start":
          if (SPACE.has(byte)) break;
          this.#state = "before";
          this.#isArray = byte === ARRAY_OPEN;
          if (this.#isArray) break;
          [i, from] = yield* this.#beginInRow(chunk, i);
          break;
        case "before":
          if (SPACE.has(byte)) break;
          if (byte === ARRAY_CLOSE && this.#mayClose && this.#isArray) {
            this.#state = "done";
            break;
          }
          if (byte === COMMA || CLOSE.has(byte)) this.#fail(`Unexpected "${String.fromCharCode(byte)}"`);
          if (!this.#isArray) [i, from] = yield* this.#beginInRow(chunk, i);
          else {
            this.#begin(byte);
            from = i;
          }
          break;
        case "value":
          if (byte === QUOTE) this.#inString = true;
          else if (OPEN.has(byte)) this.#depth++;
          else if (this.#depth > 0) {
            if (!CLOSE.has(byte) || --this.#depth > 0 || this.#isArray) break;
            yield* this.#end(chunk.subarray(from, i + 1));
            from = -1;
          } else if (this.#isArray ? byte === COMMA || byte === ARRAY_CLOSE : SPACE.has(byte)) {
            yield* this.#end(chunk.subarray(from, i));
            from = -1;
            this.#mayClose = false;
            if (byte === ARRAY_CLOSE) this.#state = "done";
          }
          break;
        case "done":
          if (!SPACE.has(byte)) this.#fail("Unexpected text after the end of the list");
          break;
      }
    }
    const inComment = this.#slash || this.#comment !== undefined;
    if (this.#state === "value" && !inComment) this.#keep(chunk.subarray(from));
    if (chunk.length > 0) this.#lastByte = chunk.at(-1)!;
  }

  /**
   * Takes the end.
   *
   * @returns The last entry, if its end is that of the file.
   * @throws {TaskFileError} If the list is not whole.
   */
  *end(): Generator<RawEntry, ScanEnd> {
    this.#column++;
    if (this.#comment === "block") this.#fail("The comment is not finished: */ is missing");
    if (this.#slash) this.#fail('Unexpected "/"');
    if (this.#isArray && this.#state !== "done") this.#fail("The list is not finished: ] is missing");
    if (this.#state === "value") yield* this.#end(new Uint8Array(0), this.#depth > 0 || this.#inString);
    return { endsOpen: !this.#isArray && this.#state !== "start" && this.#lastByte !== LF };
  }

  /**
   * Begins a value that may end with its line: most in a row do. Gives the place of the last byte that is done with, and of the
   * first one of a value that goes on.
   */
  *#beginInRow(chunk: Uint8Array, at: number): Generator<RawEntry, [i: number, from: number]> {
    this.#begin(chunk[at]!);
    const end = chunk.indexOf(LF, at);
    const text = end < 0 || end - at > MAX_ENTRY_BYTES ? undefined : this.#decode(chunk.subarray(at, end));
    const value = text === undefined ? undefined : wholeValue(text);
    if (value === undefined) return [at, at];
    this.#state = "before";
    yield { index: this.#index++, line: this.#entryLine, value: this.#objects.entryOf(value), text: text! };
    return [end - 1, -1];
  }

  #decode(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes).trimEnd();
    } catch {
      return undefined;
    }
  }

  #begin(byte: number): void {
    this.#state = "value";
    this.#depth = OPEN.has(byte) ? 1 : 0;
    this.#inString = byte === QUOTE;
    this.#escaped = false;
    this.#entryLine = this.#line;
    this.#entryColumn = this.#column;
  }

  /** Takes a byte that begins a comment or is in one; true if that ends here. */
  #passComment(byte: number): boolean {
    if (this.#comment === undefined && this.#slash && byte !== SLASH && byte !== STAR) {
      this.#column--;
      this.#fail('Unexpected "/"');
    }
    // Nobody reads the blanks of a value that is too long.
    if (this.#blanks.length <= MAX_ENTRY_BYTES) this.#blanks.push(byte === LF ? LF : BLANK);
    if (this.#comment === "line") return byte === LF && this.#endComment();
    if (this.#comment === "block") {
      if (this.#star && byte === SLASH) return this.#endComment();
      this.#star = byte === STAR;
    } else if (!this.#slash) this.#slash = true;
    else {
      this.#slash = false;
      this.#comment = byte === SLASH ? "line" : "block";
      this.#star = false;
    }
    return false;
  }

  #endComment(): boolean {
    this.#comment = undefined;
    return true;
  }

  #takeBlanks(): Uint8Array {
    const blanks = Uint8Array.from(this.#blanks);
    this.#blanks = [];
    return blanks;
  }

  #keep(piece: Uint8Array): void {
    this.#pieceBytes += piece.length;
    // No more of it is kept than it takes to say that it is too long.
    if (this.#pieceBytes > MAX_ENTRY_BYTES) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece.slice());
  }

  /** Ends a value with its last bytes; `cut` is true if the file ends before the value does. */
  *#end(last: Uint8Array, cut: boolean = false): Generator<RawEntry> {
    this.#keep(last);
    const pieces = this.#pieces;
    const tooLong = this.#pieceBytes > MAX_ENTRY_BYTES;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#state = "before";
    const index = this.#index++;
    const line = this.#entryLine;
    const refused = (message: string) => ({ index, line, value: new RefusedEntry("entry", message), text: message });
    const text = tooLong ? undefined : this.#decode(pieces.length === 1 ? pieces[0]! : concatBytes(pieces));
    if (text === undefined && cut) {
      // All that follows its beginning would be lost with it.
      throw new TaskFileError("The value that begins here is not finished", line, this.#entryColumn);
    }
    if (tooLong) {
      yield refused(`must be at most ${MAX_ENTRY_BYTES} bytes long`);
      return;
    }
    if (text === undefined) yield refused("must be UTF-8");
    else yield { index, line, value: this.#parse(text), text };
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

/** What a text says that is JSON as a whole, and not null; `undefined` if it is none. */
function wholeValue(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
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
