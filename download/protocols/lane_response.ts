import type { DriverResponse } from "../download_driver.ts";
import { acceptsRanges } from "./fetch_response.ts";
import type { FilePart } from "./file_part.ts";
import type { HttpHead } from "./http_head.ts";
import type { LaneExchange } from "./lane_exchange.ts";
import type { LanePool } from "./lane_pool.ts";
import { readWhole } from "./read_whole.ts";

/** A file that is longer may be worth continuing, which takes more than the usual fields. */
const LARGE = 1024 * 1024;

/**
 * A file that a server is sending. Its body is read once, by `whole` or by `read`; a response whose body is not wanted
 * must be disposed of, as its connection stays open until then.
 */
export class LaneResponse implements DriverResponse {
  /** Tells it from a {@linkcode LaneStatus}. */
  readonly ok = true;
  /** Where the body begins in the file. */
  readonly offset: number;
  /** Where it ends, if a range with an end was asked for and came. */
  declare readonly end?: number;
  /** The url that answered. */
  readonly finalUrl: string;
  /** How many bytes the file has, if the server said. */
  declare readonly length?: number;
  /** The ETag. */
  declare readonly etag?: string;
  /** The Last-Modified date. */
  declare readonly lastModified?: string;
  /** The Content-Disposition. */
  declare readonly disposition?: string;
  /** The Content-Encoding, if it is another one than `identity`. */
  declare readonly contentEncoding?: string;
  /** What the server says of ranges, if its fields were kept. */
  declare readonly rangeable?: boolean | undefined;
  /** All fields of the answer, if they matter: they cost more than a small file does. */
  declare readonly headers?: Headers;
  /** The Set-Cookie headers. */
  declare readonly setCookie?: readonly string[];
  /** How many bytes the body has, if the head says it. */
  readonly #bytes: number;
  #exchange: LaneExchange | undefined;
  #started = false;
  readonly #pool: LanePool;

  /**
   * @param exchange Where it comes from.
   * @param head Its head.
   * @param pool Has large buffers.
   * @param withHeaders Keep all fields, whatever the file.
   * @param part What it brings of the file. Default: all of it.
   */
  constructor(exchange: LaneExchange, head: HttpHead, pool: LanePool, withHeaders: boolean, part?: FilePart) {
    this.#exchange = exchange;
    this.finalUrl = exchange.href;
    const { length } = part ?? head;
    this.offset = part?.offset ?? 0;
    if (part?.end !== undefined) this.end = part.end;
    if (length !== undefined) this.length = length;
    this.#bytes = head.length ?? 0;
    this.#pool = pool;
    if (head.etag !== undefined) this.etag = head.etag;
    if (head.lastModified !== undefined) this.lastModified = head.lastModified;
    if (head.disposition !== undefined) this.disposition = head.disposition;
    if (
      withHeaders || part !== undefined || head.digested || head.encoded || (length !== undefined && length > LARGE)
    ) {
      this.headers = exchange.headers();
      this.rangeable = part !== undefined || acceptsRanges(this.headers);
      if (head.encoded) this.contentEncoding = this.headers.get("content-encoding") ?? "";
    }
    if (head.setCookie !== undefined) this.setCookie = head.setCookie;
  }

  /**
   * Reads the body at once and hands it over without a copy: the cheapest way for a small one.
   *
   * @param use Called once with the whole body, which is only valid within the call.
   * @param heard Called whenever a further part of it has come.
   * @returns What `use` returned.
   * @throws {DownloadError} If the body is short or the connection breaks; an abort throws its reason.
   * @throws {RangeError} If more comes than was announced.
   */
  async whole<T>(use: (bytes: Uint8Array) => T, heard?: (bytes: number) => void): Promise<Awaited<T>> {
    if (this.#exchange?.sized === false) return await readWhole(this, use, heard ?? (() => {}));
    const exchange = this.#start();
    let result: T;
    try {
      const length = this.#bytes;
      const begun = exchange.begun();
      const room = exchange.room(length);
      const bytes = room ?? new Uint8Array(length + 1);
      if (room === undefined) bytes.set(begun);
      // Most small bodies come together with their head.
      for (let filled = begun.length; !exchange.whole;) {
        const count = await exchange.read(bytes.subarray(filled));
        filled += count;
        heard?.(count);
      }
      result = use(bytes.subarray(0, length));
    } finally {
      // Closes it if the body was not read to its end.
      this.#finish(exchange);
    }
    return await result;
  }

  /**
   * Reads the body in pieces, as large as they come: the cheapest way for a large one.
   *
   * @param sink Called with each piece, which is only valid within the call; what it returns is awaited.
   * @param room Asked before each read how many bytes may come at the most. Default: as many as do.
   * @throws {DownloadError} If the body is short or the connection breaks; an abort throws its reason.
   */
  async read(
    sink: (piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined,
    room?: () => number | Promise<number>,
  ): Promise<void> {
    const exchange = this.#start();
    let large: Uint8Array<ArrayBuffer> | undefined;
    let reading = false;
    try {
      const begun = exchange.begun();
      if (begun.length > 0) await sink(begun);
      let buffer = exchange.buffer;
      while (!exchange.whole) {
        const most = room === undefined ? buffer.length : await room();
        reading = true;
        const count = await exchange.read(most < buffer.length ? buffer.subarray(0, most) : buffer);
        reading = false;
        if (count === 0) break;
        const waiting = sink(buffer.subarray(0, count));
        if (waiting !== undefined) await waiting;
        // A slow connection needs no more than the buffer that it has.
        const full = exchange.sized ? buffer.length - 1 : buffer.length >> 1;
        if (count >= full && large === undefined) buffer = large = this.#pool.takeLarge();
      }
    } finally {
      this.#finish(exchange);
      // After a read that failed the system may hold the buffer a little longer.
      if (large !== undefined && !reading) this.#pool.giveLarge(large);
    }
  }

  /** Lets go of the connection; without effect once the body was read. */
  [Symbol.dispose](): void {
    this.#exchange?.close();
    this.#exchange = undefined;
    this.#started = true;
  }

  #start(): LaneExchange {
    const exchange = this.#exchange;
    if (this.#started || exchange === undefined) throw new TypeError("Cannot read the body as it was read before");
    this.#started = true;
    return exchange;
  }

  #finish(exchange: LaneExchange): void {
    this.#exchange = undefined;
    exchange.finish();
  }
}
