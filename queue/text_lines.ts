import { isLonger } from "../base/byte_length.ts";
import { concatBytes } from "./byte_peek.ts";
import type { ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";

/** What an entry may have. */
export const MAX_ENTRY_BYTES = 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;
const BREAK = /\r\n|\n|\r/;
const QUOTE = 0x22;
const BOM = "\ufeff";

/** What stands for a line that cannot be read. */
export class BadLine extends RefusedEntry {
  /** True if it has an odd number of `"`: then one of them begins or ends what goes over several lines. */
  readonly oddQuotes: boolean;

  constructor(message: string, oddQuotes: boolean) {
    super("line", message);
    this.oddQuotes = oddQuotes;
  }
}

/** A line without its break; or, if it is not UTF-8 or too long, what stands for it. */
export type TextLine = string | BadLine;

/**
 * Cuts a text into lines, which may end in LF, CR LF or CR. A line that is not UTF-8 or has more than 1 MiB is refused by
 * itself, and is never kept as a whole. A byte order mark in front of a line is left out.
 *
 * @param chunks The bytes; each piece need only be valid until the next one is asked for.
 * @returns The lines, some at a time; and at the end whether the last one has no break.
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine[], ScanEnd> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) {
    const lines = cutter.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last.length > 0) yield last;
  return { endsOpen: cutter.endsOpen };
}

class LineCutter {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The beginning of a line whose end has not come. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Of what is held, and of what was dropped as there was too much of it. */
  #oddQuotes = false;
  endsOpen = false;

  push(chunk: Uint8Array): TextLine[] {
    // Behind a CR at the end its LF may come.
    const last = Math.max(chunk.lastIndexOf(LF), chunk.subarray(0, -1).lastIndexOf(CR));
    const first = last < 0 ? -1 : this.#firstBreak(chunk);
    if (last < 0) {
      this.#hold(chunk);
      return [];
    }
    let lines: TextLine[] = [];
    let from = 0;
    if (this.#heldBytes > 0) {
      from = first + (chunk[first] === CR && chunk[first + 1] === LF ? 2 : 1);
      this.#hold(chunk.subarray(0, from));
      lines = this.#takeHeld();
    }
    if (from <= last) lines = lines.concat(this.#lines(chunk.subarray(from, last + 1)));
    this.#hold(chunk.subarray(last + 1));
    return lines;
  }

  end(): TextLine[] {
    if (this.#heldBytes === 0) return [];
    this.endsOpen = this.#held.at(-1)?.at(-1) !== CR;
    return this.#takeHeld();
  }

  #firstBreak(chunk: Uint8Array): number {
    const lf = chunk.indexOf(LF);
    const cr = chunk.indexOf(CR);
    return lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#heldBytes += piece.length;
    this.#oddQuotes = this.#oddQuotes !== hasOddQuotes(piece);
    // No more of it is kept than it takes to say that it is too long; its last byte may be a break.
    if (this.#heldBytes > MAX_ENTRY_BYTES + 2) this.#held = [];
    this.#held.push(this.#heldBytes > MAX_ENTRY_BYTES + 2 ? piece.slice(-1) : piece.slice());
  }

  #takeHeld(): TextLine[] {
    const tooLong = this.#heldBytes > MAX_ENTRY_BYTES + 2;
    const bytes = tooLong ? undefined : concatBytes(this.#held);
    const odd = this.#oddQuotes;
    this.#held = [];
    this.#heldBytes = 0;
    this.#oddQuotes = false;
    return bytes === undefined ? [tooLongLine(odd)] : this.#lines(bytes);
  }

  /** The lines of bytes that end with one. */
  #lines(bytes: Uint8Array): TextLine[] {
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      return this.#linesOneByOne(bytes);
    }
    const lines: TextLine[] = text.split(BREAK);
    if (/[\r\n]$/.test(text)) lines.pop();
    for (const [i, line] of lines.entries()) {
      if (isLonger(line as string, MAX_ENTRY_BYTES)) {
        lines[i] = tooLongLine((line as string).split('"').length % 2 === 0);
      } else if ((line as string).startsWith(BOM)) lines[i] = (line as string).slice(1);
    }
    return lines;
  }

  /** Some of these lines are not UTF-8. */
  #linesOneByOne(bytes: Uint8Array): TextLine[] {
    const lines: TextLine[] = [];
    for (let from = 0; from < bytes.length;) {
      const at = this.#firstBreak(bytes.subarray(from));
      const end = at < 0 ? bytes.length : from + at;
      const line = bytes.subarray(from, end);
      try {
        const text = this.#decoder.decode(line);
        if (line.length > MAX_ENTRY_BYTES) lines.push(tooLongLine(hasOddQuotes(line)));
        else lines.push(text.startsWith(BOM) ? text.slice(1) : text);
      } catch {
        lines.push(new BadLine("must be UTF-8", hasOddQuotes(line)));
      }
      from = end + (bytes[end] === CR && bytes[end + 1] === LF ? 2 : 1);
    }
    return lines;
  }
}

function tooLongLine(oddQuotes: boolean): BadLine {
  return new BadLine(`must be at most ${MAX_ENTRY_BYTES} bytes long`, oddQuotes);
}

function hasOddQuotes(bytes: Uint8Array): boolean {
  let odd = false;
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) odd = !odd;
  return odd;
}
