import type { BufferPool } from "../buffer_pool.ts";
import { DownloadError } from "../download_error.ts";
import type { DriverResponse } from "../download_driver.ts";
import type { FilePart } from "./file_part.ts";
import { readWhole } from "./read_whole.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const DECODERS: ReadonlyMap<string, CompressionFormat> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

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
  /** True if the body was encoded. */
  readonly decoded: boolean;
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
  #broken = false;

  /**
   * @param response The answer.
   * @param part What it brings of the file.
   * @param url The url that answered.
   * @param buffers Memory to read into.
   * @param end Told when the body was read to its end (true), or will not be; the first call counts. Default: nobody is.
   * @throws {DownloadError} If the body is encoded in a way that cannot be undone.
   */
  constructor(response: Response, part: FilePart, url: URL, buffers: BufferPool, end?: (whole: boolean) => void) {
    this.response = response;
    this.#end = end;
    this.#buffers = buffers;
    this.#body = response.body as ReadableStream<Bytes> | null;
    this.finalUrl = url.href;
    this.#checkTransfer(url);
    const encoding = response.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
    this.decoded = encoding !== "identity";
    if (this.decoded) this.#decode(encoding, url);
    this.offset = part.offset;
    if (part.end !== undefined) this.end = part.end;
    const length = this.decoded ? undefined : part.length ?? contentLength(response.headers);
    if (length !== undefined) this.length = length;
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
    try {
      while (true) {
        const { done, value } = await reader.read().catch((error) => {
          throw this.decoded && !this.#broken ? this.#undecodable(error) : error;
        });
        if (done) return;
        await sink(value);
        if (room !== undefined) await room();
      }
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      reader.releaseLock();
    }
  }

  /** What the server sent came whole, and makes no sense: it would not the next time either. */
  #undecodable(cause: unknown): DownloadError {
    const { host } = new URL(this.finalUrl);
    const encoding = this.response.headers.get("content-encoding")?.trim();
    return new DownloadError("protocol", `${host}: the body is not ${encoding}, as its Content-Encoding says`, {
      cause,
    });
  }

  [Symbol.dispose](): void {
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

  /** Some servers encode although they were asked not to: the file is what it was before. */
  #decode(encoding: string, url: URL): void {
    const format = DECODERS.get(encoding);
    if (format === undefined) {
      this[Symbol.dispose]();
      throw new DownloadError("protocol", `${url.host}: content encoding "${encoding}" cannot be decoded`);
    }
    const body = this.#body;
    if (body === null) return;
    this.#body = ReadableStream.from(this.#watch(body)).pipeThrough(new DecompressionStream(format));
  }

  /** Notes when it is the connection that fails: that is nothing to blame the encoding for. */
  async *#watch(body: ReadableStream<Bytes>): AsyncGenerator<Bytes> {
    try {
      yield* body;
    } catch (error) {
      this.#broken = true;
      throw error;
    }
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

/** A reader that fills our own buffer; a stream that was decoded, or that is node's, offers none. */
function byteReader(body: ReadableStream<Bytes>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
