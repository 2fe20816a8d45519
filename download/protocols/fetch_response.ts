import type { BufferPool } from "../buffer_pool.ts";
import { DownloadError } from "../download_error.ts";
import type { DriverResponse } from "../download_driver.ts";
import type { FilePart } from "./file_part.ts";
import { readWhole } from "./read_whole.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const IDENTITY = /^\s*identity\s*$/i;
/** Transfer codings after which the body is the file. Whoever says `chunked` twice hardly ever does it twice. */
const UNDONE = /^(?:identity|(?:(?:chunked|identity)[\t ]*,[\t ]*)*chunked)$/i;

/** A file that `fetch` is receiving. */
export class FetchResponse implements DriverResponse {
  /** Tells it from an answer without a file. */
  readonly ok = true;
  /** The url that answered. */
  readonly finalUrl: string;
  /** Where the body begins in the file. */
  readonly offset: number;
  /** Where it ends, if a range with an end was asked for and came. */
  declare readonly end?: number;
  /** How many bytes the file has, if the server said and sends them as they are. */
  declare readonly length?: number;
  /** The Content-Encoding, if it is another one than `identity`. */
  declare readonly contentEncoding?: string;
  /** The ETag. */
  declare readonly etag?: string;
  /** The Last-Modified date. */
  declare readonly lastModified?: string;
  /** The Content-Disposition. */
  declare readonly disposition?: string;
  /** Kept, because the runtime forgets to abort a body whose response was collected. */
  readonly response: Response;
  readonly #buffers: BufferPool;
  readonly #end: ((whole: boolean) => void) | undefined;
  #body: ReadableStream<Bytes> | null;
  /** Who reads the body. */
  #reader: { cancel(): Promise<void> } | undefined;

  /**
   * @param response The answer.
   * @param part What it brings of the file.
   * @param url The url that answered.
   * @param buffers Memory to read into.
   * @param end Told when the body was read to its end (true), or will not be; the first call counts. Default: nobody is.
   * @throws {DownloadError} If the body has a transfer coding that cannot be undone.
   */
  constructor(response: Response, part: FilePart, url: URL, buffers: BufferPool, end?: (whole: boolean) => void) {
    this.response = response;
    this.#end = end;
    this.#buffers = buffers;
    this.#body = response.body as ReadableStream<Bytes> | null;
    this.finalUrl = url.href;
    this.#checkTransfer(url);
    this.offset = part.offset;
    if (part.end !== undefined) this.end = part.end;
    const length = part.length ?? contentLength(response.headers);
    if (length !== undefined) this.length = length;
    const encoding = response.headers.get("content-encoding");
    if (encoding !== null && !IDENTITY.test(encoding)) this.contentEncoding = encoding;
    const etag = response.headers.get("etag");
    if (etag !== null) this.etag = etag;
    const lastModified = response.headers.get("last-modified");
    if (lastModified !== null) this.lastModified = lastModified;
    const disposition = response.headers.get("content-disposition");
    if (disposition !== null) this.disposition = disposition;
  }

  /** All fields of the answer. */
  get headers(): Headers {
    return this.response.headers;
  }

  /** The Set-Cookie headers. */
  get setCookie(): readonly string[] {
    return this.response.headers.getSetCookie();
  }

  /** What the server says of ranges. */
  get rangeable(): boolean | undefined {
    return this.response.status === 206 ? true : acceptsRanges(this.headers);
  }

  whole<T>(use: (bytes: Uint8Array) => T, heard: (bytes: number) => void): Promise<Awaited<T>> {
    return readWhole(this, use, heard);
  }

  async read(
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room?: () => number | Promise<number>,
  ): Promise<void> {
    const body = this.#take();
    let whole = false;
    try {
      if (body !== null) await this.#readBody(body, sink, room);
      whole = true;
    } finally {
      this.#end?.(whole);
    }
  }

  async #readBody(
    body: ReadableStream<Bytes>,
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room: (() => number | Promise<number>) | undefined,
  ): Promise<void> {
    const reader = byteReader(body);
    if (reader === undefined) return await this.#readPieces(body, sink, room);
    this.#reader = reader;
    let buffer = this.#buffers.first();
    try {
      while (true) {
        const most = room === undefined ? buffer.byteLength : Math.min(await room(), buffer.byteLength);
        const { done, value } = await reader.read(new Uint8Array(buffer, 0, most));
        if (value !== undefined) buffer = value.buffer as ArrayBuffer;
        if (done) return;
        const waiting = sink(value);
        if (waiting !== undefined) await waiting;
        buffer = this.#buffers.next(buffer, value.length);
      }
    } catch (error) {
      // The connection must not go on sending what nobody reads any more.
      reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      this.#reader = undefined;
      reader.releaseLock();
      this.#buffers.release(buffer);
    }
  }

  async #readPieces(
    body: ReadableStream<Bytes>,
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room: (() => number | Promise<number>) | undefined,
  ): Promise<void> {
    const reader = body.getReader();
    this.#reader = reader;
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done) return;
        await sink(value);
        if (room !== undefined) await room();
      }
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      this.#reader = undefined;
      reader.releaseLock();
    }
  }

  /** Lets go of the connection; what reads the body then ends as if there were no more. */
  [Symbol.dispose](): void {
    this.#reader?.cancel().catch(() => {});
    this.#take()?.cancel().catch(() => {});
    this.#end?.(false);
  }

  #take(): ReadableStream<Bytes> | null {
    const body = this.#body;
    this.#body = null;
    return body;
  }

  #checkTransfer(url: URL): void {
    const problem = transferProblem(this.headers.get("transfer-encoding")?.trim(), url);
    if (problem === undefined) return;
    this[Symbol.dispose]();
    throw problem;
  }
}

/** The clients undo `chunked` at the end, and leave any other transfer coding in the body without a word. */
export function transferProblem(coding: string | undefined, { host }: URL): DownloadError | undefined {
  if (coding === undefined || UNDONE.test(coding)) return undefined;
  return new DownloadError("protocol", `${host}: transfer encoding "${coding.slice(0, 100)}" cannot be decoded`);
}

function contentLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What `Accept-Ranges` says, if anything. */
export function acceptsRanges(headers: Headers): boolean | undefined {
  const text = headers.get("accept-ranges");
  return text === null ? undefined : /(^|,)\s*bytes\s*(,|$)/i.test(text);
}

/** A reader that fills our own buffer; a stream of node offers none. */
function byteReader(body: ReadableStream<Bytes>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
