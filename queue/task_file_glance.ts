import { peekBytes } from "./byte_peek.ts";
import type { TaskFileColumns } from "./column_map.ts";
import { assertNoForeignFile, TELLING_BYTES } from "./foreign_file.ts";
import { tableHeader } from "./table_header.ts";

/** Text that is judged at once. */
const PIECE = 256 * 1024;
/** Nothing is longer without a doubt: an entry that long is for the scanner to refuse. */
const MOST = 300 * 1024;
const BLANK = /^[ \t\r\n]*$/;
const FIRST = /[^ \t\r\n]/;

/**
 * Finds out quickly whether a long task file is whole, many entries at a time: a JSON array is cut where one entry seems to
 * end and the next to begin, and the engine judges the pieces. If all of them are arrays by themselves, so is the file;
 * a cut at the wrong place makes a piece that is none.
 *
 * @param chunks The bytes of the file.
 * @param columns What the user says of columns and fields. Default: nothing.
 * @returns True if the scanner would come to the end of the file; false if only the scanner can tell.
 */
export async function glanceAtTaskFile(
  chunks: AsyncIterable<Uint8Array>,
  columns: TaskFileColumns = {},
): Promise<boolean> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const glance = new Glance(columns);
  try {
    const { start, bytes } = await peekBytes(chunks, ({ length }) => length >= TELLING_BYTES);
    assertNoForeignFile(start);
    for await (const chunk of bytes) if (!glance.push(decoder.decode(chunk, { stream: true }))) return false;
    return glance.push(decoder.decode()) && glance.isWhole();
  } catch (error) {
    // It is not UTF-8, not JSON or no list at all: the scanner says where.
    if (error instanceof TypeError || error instanceof SyntaxError) return false;
    throw error;
  }
}

class Glance {
  #kind: "array" | "lines" | undefined;
  #text = "";
  #pieces = 0;
  readonly #columns: TaskFileColumns;

  constructor(columns: TaskFileColumns) {
    this.#columns = columns;
  }

  /** Takes more of the text; false if it is not for a glance. */
  push(text: string): boolean {
    this.#text += text;
    if (this.#kind === undefined) {
      const start = this.#text.search(FIRST);
      if (start < 0) return true;
      const first = this.#text[start]!;
      if ('{<"/'.includes(first)) return false;
      if (first !== "[" && !this.#text.includes("\n", start)) return this.#text.length <= MOST;
      // A table, or what may be one when more of it is there, is for the scanner.
      if (first !== "[" && !isPlainList(this.#text.slice(start), this.#columns)) return false;
      this.#kind = first === "[" ? "array" : "lines";
      if (this.#kind === "array") this.#text = this.#text.slice(start + 1);
    }
    if (this.#kind === "lines") {
      // Any line is an entry: what counts is that none is too long.
      const length = this.#text.indexOf("\n");
      if ((length < 0 ? this.#text.length : length) > MOST) return false;
      this.#text = this.#text.slice(this.#text.lastIndexOf("\n") + 1);
      return true;
    }
    if (this.#text.length < PIECE) return true;
    const cut = cutAt(this.#text);
    if (cut >= 0) {
      this.#judge(this.#text.slice(0, cut));
      this.#text = this.#text.slice(cut + 1);
    }
    return this.#text.length <= MOST;
  }

  /** True if what came is a whole list; false if only the scanner can tell. */
  isWhole(): boolean {
    if (this.#kind === "lines") return true;
    // One line, which may be the header of a table, is for the scanner.
    if (this.#kind === undefined) return this.#text.search(FIRST) < 0;
    const close = this.#text.lastIndexOf("]");
    if (close < 0 || !BLANK.test(this.#text.slice(close + 1))) return false;
    const last = this.#text.slice(0, close);
    if (this.#pieces > 0 || !BLANK.test(last)) this.#judge(last);
    return true;
  }

  #judge(piece: string): void {
    if (BLANK.test(piece)) throw new SyntaxError("An entry is missing");
    JSON.parse(`[${piece}]`);
    this.#pieces++;
  }
}

/** True if a list begins with a url, and is no table of the user. */
function isPlainList(text: string, columns: TaskFileColumns): boolean {
  const line = text.split(/[\r\n]+/).find((each) => !each.startsWith("#")) ?? "";
  return line.includes("://") && tableHeader(text, columns) === undefined;
}

/** Where the last comma is that seems to stand between two entries; -1 if none does. */
function cutAt(text: string): number {
  const objects = text[text.search(FIRST)] === "{";
  for (let open = text.length; open > 0;) {
    open = text.lastIndexOf(objects ? "{" : '"', open - 1);
    const comma = skipBack(text, open - 1);
    if (comma < 1 || text[comma] !== ",") continue;
    if (text[skipBack(text, comma - 1)] === (objects ? "}" : '"')) return comma;
  }
  return -1;
}

/** The last place up to `at` that is no white space. */
function skipBack(text: string, at: number): number {
  while (at >= 0 && " \t\r\n".includes(text[at]!)) at--;
  return at;
}
