/** What a look at the bytes of a head gave: it is not complete, it is, or it is better not trusted. */
export type HeadState = "more" | "done" | "doubt";

/** Heads longer than this, in bytes, are doubted; interim ones count too. */
export const HEAD_LIMIT: number = 32 * 1024;

const FIELD_LIMIT = 100;
const START = "HTTP/1.1 ";
const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const COLON = 58;
const TOKEN = tokenTable();

/**
 * The head of one HTTP/1.1 response, read strictly: whatever RFC 9112 leaves to the tolerance of the recipient is
 * doubted here, since what two readers could read differently is how one answer gets taken for another.
 */
export class HttpHead {
  /** The status of the final answer; interim answers are skipped. */
  status = 0;
  /** Where the body begins. */
  end = 0;
  /** The Content-Length, if there was one. */
  length: number | undefined;
  /** The ETag, if there was one. */
  etag: string | undefined;
  /** The Last-Modified date, if there was one. */
  lastModified: string | undefined;
  /** The Content-Disposition, if there was one; several are joined as `Headers` joins them. */
  disposition: string | undefined;
  /** The Set-Cookie headers, if there were any. */
  setCookie: string[] | undefined;
  /** True if the server will take another request. */
  keepAlive = true;
  /** True if the body is chunked. */
  chunked = false;
  /** True if the body is compressed, or otherwise not the file itself. */
  encoded = false;
  /** True if there is a digest of the file. */
  digested = false;
  #start = 0;
  #line = 0;
  #scan = 0;
  #fields = 0;
  #coded = false;

  /**
   * Reads on.
   *
   * @param bytes The same buffer each time: the answer from its first byte.
   * @param filled How many of its bytes have come.
   * @returns `"done"` once the head is complete; the fields of this object are only meant then.
   */
  read(bytes: Uint8Array, filled: number): HeadState {
    while (true) {
      let at = this.#scan;
      while (at < filled && bytes[at] !== LF) at++;
      this.#scan = at;
      if (at >= HEAD_LIMIT) return "doubt";
      if (at === filled) return this.status !== 0 || beginsWell(bytes, this.#line, filled) ? "more" : "doubt";
      const from = this.#line;
      const to = at - 1;
      if (to < from || bytes[to] !== CR) return "doubt";
      this.#line = this.#scan = at + 1;
      if (this.status === 0) {
        if (!this.#readStatus(bytes, from, to)) return "doubt";
      } else if (to > from) {
        if (++this.#fields > FIELD_LIMIT || !this.#readField(bytes, from, to)) return "doubt";
      } else {
        this.end = this.#line;
        if (this.length !== undefined && this.chunked) return "doubt";
        if (this.status >= 200) return "done";
        // Only a request that asked for it gets a 101, and interim answers have no body.
        if (this.status === 101 || this.length !== undefined || this.chunked) return "doubt";
        this.#skipInterim();
      }
    }
  }

  /** All fields, for answers that are not a file; `bytes` must be what was read. */
  headers(bytes: Uint8Array): Headers {
    const headers = new Headers();
    const lines = latin1(bytes, this.#start, this.end - 4).split("\r\n");
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1));
    }
    return headers;
  }

  #readStatus(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from < START.length + 4 || !beginsWell(bytes, from, to)) return false;
    let status = 0;
    for (let i = from + START.length; i < from + START.length + 3; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return false;
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599 || bytes[from + START.length + 3] !== SP) return false;
    this.status = status;
    return isText(bytes, from + START.length + 4, to);
  }

  #readField(bytes: Uint8Array, from: number, to: number): boolean {
    let colon = from;
    while (colon < to && TOKEN[bytes[colon]!] === 1) colon++;
    // A folded line begins with a blank, which is no token either.
    if (colon === from || colon === to || bytes[colon] !== COLON) return false;
    let start = colon + 1;
    let end = to;
    while (start < end && (bytes[start] === SP || bytes[start] === TAB)) start++;
    while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === TAB)) end--;
    return isText(bytes, start, end) && this.#note(bytes, from, colon, start, end);
  }

  /** Keeps what matters of a field; the length of a name rules out nearly all others. */
  #note(bytes: Uint8Array, from: number, colon: number, start: number, end: number): boolean {
    switch (colon - from) {
      case 4:
        if (!isName(bytes, from, "etag")) return true;
        if (this.etag !== undefined) return false;
        this.etag = latin1(bytes, start, end);
        return true;
      case 6:
        if (isName(bytes, from, "digest")) this.digested = true;
        return true;
      case 11:
        if (isName(bytes, from, "repr-digest")) this.digested = true;
        return true;
      case 10:
        if (isName(bytes, from, "set-cookie")) (this.setCookie ??= []).push(latin1(bytes, start, end));
        else if (isName(bytes, from, "connection") && !isName(bytes, start, "keep-alive", end)) this.keepAlive = false;
        return true;
      case 13:
        if (!isName(bytes, from, "last-modified")) return true;
        if (this.lastModified !== undefined) return false;
        this.lastModified = latin1(bytes, start, end);
        return true;
      case 14:
        if (isName(bytes, from, "content-digest")) this.digested = true;
        return !isName(bytes, from, "content-length") || this.#noteLength(bytes, start, end);
      case 16:
        if (!isName(bytes, from, "content-encoding")) return true;
        if (this.#coded || !isName(bytes, start, "identity", end)) this.encoded = true;
        return this.#coded = true;
      case 17:
        if (!isName(bytes, from, "transfer-encoding")) return true;
        if (this.chunked || !isName(bytes, start, "chunked", end)) return false;
        return this.chunked = true;
      case 19:
        if (isName(bytes, from, "content-disposition")) {
          const before = this.disposition === undefined ? "" : `${this.disposition}, `;
          this.disposition = before + latin1(bytes, start, end);
        }
        return true;
      default:
        return true;
    }
  }

  #noteLength(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.length !== undefined || start === end || end - start > 15) return false;
    let length = 0;
    for (let i = start; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return false;
      length = length * 10 + digit;
    }
    this.length = length;
    return true;
  }

  #skipInterim(): void {
    this.#start = this.#line;
    this.#fields = 0;
    this.status = 0;
    this.etag =
      this.lastModified =
      this.disposition =
      this.setCookie =
        undefined;
    this.encoded = this.#coded = this.digested = false;
  }
}

/** Looks at the beginning of a status line before its end is there: what is not HTTP/1.1 may never send one. */
function beginsWell(bytes: Uint8Array, from: number, to: number): boolean {
  const known = Math.min(to - from, START.length);
  for (let i = 0; i < known; i++) if (bytes[from + i] !== START.charCodeAt(i)) return false;
  return true;
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

function latin1(bytes: Uint8Array, from: number, to: number): string {
  // In one go: a text that grows by letters takes many times its length.
  return String.fromCharCode.apply(null, bytes.subarray(from, to) as unknown as number[]);
}
