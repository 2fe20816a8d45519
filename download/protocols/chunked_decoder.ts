import { isFieldLine } from "./http_head.ts";

/** The extensions of a chunk, and all trailers of a body, may have so many bytes. */
const REST_LIMIT = 16 * 1024;
/** Sizes may have zeros in front. */
const MOST_DIGITS = 32;
/** No file is larger than this, and so no chunk. */
const MOST_BYTES = 2 ** 50;
const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const SEMICOLON = 59;

/** What comes next in the body. */
type Part = "size" | "blank" | "extension" | "size-end" | "data" | "data-cr" | "data-lf" | "trailer" | "over";

/**
 * Takes the framing off a chunked body (RFC 9112, section 7.1), and takes nothing for one that is not exactly that: a line
 * that ends without CR, a size that is no number, a chunk that is longer or shorter than its size.
 */
export class ChunkedDecoder {
  #part: Part = "size";
  /** Of the size: how many digits came. */
  #digits = 0;
  /** Of the chunk: how many bytes are missing. */
  #left = 0;
  /** How many bytes came of the extensions of this chunk, or of the trailers. */
  #rest = 0;
  /** The line of a trailer, as far as it came. */
  #line: number[] = [];
  #surplus = false;

  /** True once the last chunk and the trailers have come. */
  get done(): boolean {
    return this.#part === "over";
  }

  /** True if bytes came behind the end of the body. */
  get surplus(): boolean {
    return this.#surplus;
  }

  /**
   * Takes what came, and moves the bytes of the body to its beginning.
   *
   * @param bytes What came.
   * @returns How many bytes of the body are in it now.
   * @throws {Error} If this is no chunked body.
   */
  decode(bytes: Uint8Array): number {
    let at = 0;
    let filled = 0;
    while (at < bytes.length) {
      if (this.#part === "data") {
        const count = Math.min(this.#left, bytes.length - at);
        if (filled !== at) bytes.copyWithin(filled, at, at + count);
        at += count;
        filled += count;
        this.#left -= count;
        if (this.#left === 0) this.#part = "data-cr";
      } else if (this.#part === "over") {
        this.#surplus = true;
        break;
      } else {
        this.#take(bytes[at++]!);
      }
    }
    return filled;
  }

  /** Takes a byte that is no data. */
  #take(byte: number): void {
    switch (this.#part) {
      case "size": {
        const digit = hexDigit(byte);
        if (digit === -1) return this.#afterSize(byte);
        this.#left = this.#left * 16 + digit;
        if (++this.#digits > MOST_DIGITS || this.#left > MOST_BYTES) {
          throw new Error("a chunk of the body is too large");
        }
        return;
      }
      case "blank":
        return this.#afterSize(byte);
      case "extension":
        if (byte === CR) this.#part = "size-end";
        else if (isControl(byte)) throw new Error("an extension of a chunk has a control character");
        else this.#count("extensions");
        return;
      case "size-end":
        if (byte !== LF) throw new Error("the line of a chunk of the body does not end");
        this.#part = this.#left > 0 ? "data" : "trailer";
        this.#digits = this.#rest = 0;
        return;
      case "data-cr":
        if (byte !== CR) throw new Error("a chunk of the body is longer than its size says");
        this.#part = "data-lf";
        return;
      case "data-lf":
        if (byte !== LF) throw new Error("a chunk of the body is longer than its size says");
        this.#part = "size";
        return;
      default:
        return this.#takeTrailer(byte);
    }
  }

  #afterSize(byte: number): void {
    if (this.#digits === 0) throw new Error("a chunk of the body has no size");
    if (byte === CR) this.#part = "size-end";
    else if (byte === SEMICOLON) this.#part = "extension";
    else if (byte === SP || byte === TAB) this.#part = "blank";
    else throw new Error("a chunk of the body has a size that is no number");
    this.#count("extensions");
  }

  #takeTrailer(byte: number): void {
    const line = this.#line;
    if (byte !== LF) {
      // A CR within the line is found when the line is looked at.
      this.#count("trailers");
      line.push(byte);
      return;
    }
    if (line.pop() !== CR) throw new Error("a line behind the body does not end");
    if (line.length === 0) this.#part = "over";
    else if (!isFieldLine(Uint8Array.from(line))) throw new Error("a line behind the body is no field");
    this.#line = [];
  }

  #count(what: string): void {
    if (++this.#rest > REST_LIMIT) throw new Error(`the ${what} of the body are too long`);
  }
}

function isControl(byte: number): boolean {
  return (byte < SP && byte !== TAB) || byte === 127;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
