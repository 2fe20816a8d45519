/** What a look at the bytes of a head gave: it is not complete, it is, or it is none that can be read. */
export type HeadState = "more" | "done" | "bad";

/** Heads longer than this, in bytes, are not read; interim ones count too. */
export const HEAD_LIMIT: number = 256 * 1024;

const START = "HTTP/1.";
const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const COMMA = 44;
const COLON = 58;
/** So many letters are made at once: they go over the stack. */
const STEP = 8192;
const TOKEN = tokenTable();

/**
 * The head of one response of HTTP/1.1 or HTTP/1.0. What two readers could take for different answers is not read at all;
 * what is against the rules of RFC 9112 but has one meaning is read, and its connection carries no further answer.
 */
export class HttpHead {
  /** The status of the final answer; interim answers are skipped. */
  status = 0;
  /** Where the body begins. */
  end = 0;
  /** The Content-Length, if there was one. */
  length: number | undefined;
  /** The ETag, if there was one; several are joined as `Headers` joins them. */
  etag: string | undefined;
  /** The Last-Modified date, if there was one; several are joined. */
  lastModified: string | undefined;
  /** The Content-Disposition, if there was one; several are joined. */
  disposition: string | undefined;
  /** The Set-Cookie headers, if there were any. */
  setCookie: string[] | undefined;
  /** True if the server will take another request. */
  keepAlive = true;
  /** The Transfer-Encoding, if there was one; several are joined. */
  transfer: string | undefined;
  /** True if the body is chunked. */
  chunked = false;
  /** True if the body is compressed, or otherwise not the file itself. */
  encoded = false;
  /** True if there is a digest of the file. */
  digested = false;
  /** True if there were empty lines before the answer. */
  led = false;
  /** What is wrong with a head that is bad. */
  problem = "";
  #start = 0;
  #line = 0;
  #scan = 0;
  /** Where the empty line begins that ends the head. */
  #last = 0;
  #minor = 1;
  #coded = false;
  /** What is wrong with the fields that say how long the body is, if the answer has one. */
  #flaw: string | undefined;

  /**
   * Reads on.
   *
   * @param bytes The answer from its first byte.
   * @param filled How many of its bytes have come.
   * @returns `"done"` once the head is complete; the fields of this object are only meant then.
   */
  read(bytes: Uint8Array, filled: number): HeadState {
    while (true) {
      let at = this.#scan;
      while (at < filled && bytes[at] !== LF) at++;
      this.#scan = at;
      if (at >= HEAD_LIMIT) return this.#bad("its head is too long");
      const from = this.#line;
      if (at === filled) {
        return this.status !== 0 || beginsWell(bytes, from, filled) ? "more" : this.#bad(NO_HTTP);
      }
      let to = at - 1;
      if (to < from || bytes[to] !== CR) {
        // The end of a line without CR is against the rules, but nobody reads it otherwise.
        to = at;
        this.keepAlive = false;
      }
      this.#line = this.#scan = at + 1;
      if (this.status === 0) {
        if (to === from) this.#lead();
        else if (!this.#readStatus(bytes, from, to)) return this.#bad(NO_HTTP);
      } else if (to > from) {
        if (!this.#readField(bytes, from, to)) return this.#bad("a line of its head is no field");
      } else {
        this.#last = from;
        this.end = this.#line;
        // A change of protocol is the end of this one, too.
        if (this.status >= 200 || this.status === 101) return this.#finish();
        this.#skipInterim();
      }
    }
  }

  /** All fields; `bytes` must be what was read. */
  headers(bytes: Uint8Array): Headers {
    const headers = new Headers();
    for (const [name, value] of this.#fields(bytes)) headers.append(name, value);
    return headers;
  }

  /** The values of all fields of a name, in small letters; `bytes` must be what was read. */
  values(bytes: Uint8Array, name: string): string[] {
    return this.#fields(bytes).filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  }

  #fields(bytes: Uint8Array): [name: string, value: string][] {
    const lines = latin1(bytes, this.#start, this.#last).split(/\r?\n/).slice(0, -1);
    while (lines[0] === "") lines.shift();
    return lines.slice(1).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
  }

  /** Looks at what the fields say together. */
  #finish(): HeadState {
    const { status, transfer } = this;
    if (this.#flaw === undefined && transfer === undefined) return "done";
    // Whatever is said of their bodies, these have none.
    if (status === 101 || status === 204 || status === 304) return "done";
    if (this.#flaw !== undefined) return this.#bad(this.#flaw);
    if (this.#minor === 0) return this.#bad("an answer of HTTP/1.0 has a Transfer-Encoding");
    // The length counts for nothing then, but two readers may see that differently.
    if (this.length !== undefined || !this.chunked) this.keepAlive = false;
    return "done";
  }

  #lead(): void {
    this.led = true;
    this.keepAlive = false;
  }

  #bad(problem: string): HeadState {
    this.problem = problem;
    return "bad";
  }

  #readStatus(bytes: Uint8Array, from: number, to: number): boolean {
    const digits = from + START.length + 2;
    if (to < digits + 3 || !beginsWell(bytes, from, to)) return false;
    let status = 0;
    for (let i = digits; i < digits + 3; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return false;
      status = status * 10 + digit;
    }
    if (status < 100) return false;
    this.status = status;
    this.#minor = bytes[from + START.length]! - 48;
    if (this.#minor === 0) this.keepAlive = false;
    return to === digits + 3 || (bytes[digits + 3] === SP && isText(bytes, digits + 4, to));
  }

  #readField(bytes: Uint8Array, from: number, to: number): boolean {
    const colon = nameEnd(bytes, from, to);
    if (colon === from || bytes[colon] !== COLON || colon === to) return false;
    let start = colon + 1;
    let end = to;
    while (start < end && isBlank(bytes[start])) start++;
    while (end > start && isBlank(bytes[end - 1])) end--;
    if (!isText(bytes, start, end)) return false;
    this.#note(bytes, from, colon, start, end);
    return true;
  }

  /** Keeps what matters of a field; the length of a name rules out nearly all others. */
  #note(bytes: Uint8Array, from: number, colon: number, start: number, end: number): void {
    switch (colon - from) {
      case 4:
        if (isName(bytes, from, "etag")) this.etag = joined(this.etag, bytes, start, end);
        break;
      case 6:
        if (isName(bytes, from, "digest")) this.digested = true;
        break;
      case 11:
        if (isName(bytes, from, "repr-digest")) this.digested = true;
        break;
      case 10:
        if (isName(bytes, from, "set-cookie")) (this.setCookie ??= []).push(latin1(bytes, start, end));
        else if (isName(bytes, from, "connection") && !isName(bytes, start, "keep-alive", end)) this.keepAlive = false;
        break;
      case 13:
        if (isName(bytes, from, "last-modified")) this.lastModified = joined(this.lastModified, bytes, start, end);
        break;
      case 14:
        if (isName(bytes, from, "content-digest")) this.digested = true;
        else if (isName(bytes, from, "content-length")) this.#noteLength(bytes, start, end);
        break;
      case 16:
        if (!isName(bytes, from, "content-encoding")) break;
        if (this.#coded || !isName(bytes, start, "identity", end)) this.encoded = true;
        this.#coded = true;
        break;
      case 17:
        if (!isName(bytes, from, "transfer-encoding")) break;
        this.transfer = joined(this.transfer, bytes, start, end);
        this.chunked = /(?:^|,)[\t ]*chunked$/i.test(this.transfer);
        break;
      case 19:
        if (!isName(bytes, from, "content-disposition")) break;
        this.disposition = joined(this.disposition, bytes, start, end);
        break;
    }
  }

  /** Takes a length, or several in a list: they must be one. */
  #noteLength(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at <= end; at++) {
      let length = 0;
      const from = at;
      while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) length = length * 10 + bytes[at++]! - 48;
      const digits = at - from;
      while (at < end && isBlank(bytes[at])) at++;
      if (digits === 0 || digits > 15 || (at < end && bytes[at] !== COMMA)) {
        this.#flaw ??= "its Content-Length is no number";
        return;
      }
      if (this.length !== undefined) {
        if (this.length !== length) this.#flaw ??= "it has different Content-Lengths";
        this.keepAlive = false;
      }
      this.length = length;
      while (at + 1 < end && isBlank(bytes[at + 1])) at++;
    }
  }

  #skipInterim(): void {
    // Interim answers have no body, whatever they say.
    if (this.length !== undefined || this.transfer !== undefined || this.#flaw !== undefined) this.keepAlive = false;
    this.#start = this.#line;
    this.status = 0;
    this.etag =
      this.lastModified =
      this.disposition =
      this.setCookie =
      this.transfer =
      this.length =
      this.#flaw =
        undefined;
    this.encoded =
      this.#coded =
      this.digested =
      this.chunked =
        false;
  }
}

/** True for the line of a field. */
export function isFieldLine(line: Uint8Array): boolean {
  const colon = nameEnd(line, 0, line.length);
  return colon > 0 && line[colon] === COLON && isText(line, colon + 1, line.length);
}

/** Where the name of a field ends. A folded line begins with a blank, which is no part of a name. */
function nameEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && TOKEN[bytes[at]!] === 1) at++;
  return at;
}

const NO_HTTP = "it does not begin as answers of HTTP/1.1 do";

/** Looks at the beginning of a status line before its end is there: what is not HTTP/1.1 may never send one. */
function beginsWell(bytes: Uint8Array, from: number, to: number): boolean {
  const known = Math.min(to - from, START.length);
  for (let i = 0; i < known; i++) {
    if (bytes[from + i] !== START.charCodeAt(i)) return to - from === 1 && bytes[from] === CR;
  }
  if (to - from <= START.length) return true;
  const minor = bytes[from + START.length]!;
  if (minor !== 48 && minor !== 49) return false;
  return to - from === START.length + 1 || bytes[from + START.length + 1] === SP;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB;
}

function tokenTable(): Uint8Array {
  const table = new Uint8Array(256);
  const marks = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (let i = 0; i < marks.length; i++) table[marks.charCodeAt(i)] = 1;
  return table;
}

/** True if there is no control byte but the tab. */
function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if ((byte < SP && byte !== TAB) || byte === 127) return false;
  }
  return true;
}

/** Compares without regard to case; `lower` may hold small letters and dashes. */
function isName(bytes: Uint8Array, from: number, lower: string, to = from + lower.length): boolean {
  if (to - from !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) if ((bytes[from + i]! | 0x20) !== lower.charCodeAt(i)) return false;
  return true;
}

function joined(before: string | undefined, bytes: Uint8Array, from: number, to: number): string {
  const text = latin1(bytes, from, to);
  return before === undefined ? text : `${before}, ${text}`;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  // In few steps: a text that grows by letters takes many times its length.
  let text = "";
  for (let at = from; at < to; at += STEP) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(to, at + STEP)) as unknown as number[]);
  }
  return text;
}
