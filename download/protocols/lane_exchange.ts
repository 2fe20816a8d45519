import { type DownloadError, networkError } from "../download_error.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import { HttpHead } from "./http_head.ts";
import type { LaneConnection } from "./lane_connection.ts";
import type { LanePool } from "./lane_pool.ts";

/** How the asking ended: a head came, or the connection died without one, or with something that is no answer. */
export type LaneAsked = { type: "head"; head: HttpHead } | { type: "died"; cause: unknown };

/** One request and its answer on a connection, until the connection is given back or closed. An abort closes it. */
export class LaneExchange {
  /** The url, for errors. */
  readonly href: string;
  readonly #connection: LaneConnection;
  readonly #pool: LanePool;
  readonly #signal: AbortSignal;
  /** Bytes in the buffer of the connection, head included. */
  #filled = 0;
  #head = new HttpHead();
  /**
   * Bytes of the body that were not read from the connection yet; below zero if there are more than announced. One as long as
   * there may be more of a body of unknown length.
   */
  #missing = 0;
  #chunks: ChunkedDecoder | undefined;
  #sized = true;
  #over = false;

  /**
   * @param connection A connection that is nobody else's.
   * @param href The url.
   * @param pool Where the connection goes in the end.
   * @param signal Closes the connection.
   */
  constructor(connection: LaneConnection, href: string, pool: LanePool, signal: AbortSignal) {
    this.#connection = connection;
    this.href = href;
    this.#pool = pool;
    this.#signal = signal;
    signal.addEventListener("abort", this);
  }

  /** The abort of the signal. */
  handleEvent(): void {
    this.close();
  }

  /**
   * Sends the request and reads the head of the answer. Where that fails, the connection is closed.
   *
   * @throws {DownloadError} If the connection ended within the head, or the head cannot be read; an abort throws its reason.
   */
  async ask(request: string): Promise<LaneAsked> {
    // The abort may have come before this was there to hear of it.
    if (this.#signal.aborted) throw this.#broken(this.#signal.reason);
    const connection = this.#connection;
    let reading = connection.ask(request);
    while (true) {
      let count: number | null;
      try {
        count = await reading;
      } catch (error) {
        if (this.#signal.aborted) throw this.#broken(this.#signal.reason);
        if (this.#filled === 0) return this.#died(connection.sendError ?? error);
        throw this.#broken(networkError(error, this.href));
      }
      if (connection.strayed) return this.#died(new Error("bytes came before the request was sent"));
      if (count === null) {
        if (this.#filled === 0) return this.#died(new Error("connection closed before an answer came"));
        throw this.#broken(this.#fail("connection closed within the head of the answer"));
      }
      this.#filled += count;
      const state = this.#head.read(connection.buffer, this.#filled);
      const { problem, led } = this.#head;
      if (state === "bad" || (led && connection.used)) {
        const error = new Error(`the answer cannot be read: ${problem || "empty lines came first"}`);
        // On a connection that was used before it may belong to another request.
        if (connection.used) return this.#died(error);
        throw this.#broken(networkError(error, this.href));
      }
      if (state === "done") break;
      if (this.#filled === connection.buffer.length) connection.enlarge();
      reading = connection.read(connection.buffer.subarray(this.#filled));
    }
    this.#frame();
    return { type: "head", head: this.#head };
  }

  /** Finds out where the body ends. */
  #frame(): void {
    const { status, transfer, length, chunked, end } = this.#head;
    const begun = this.#filled - end;
    if (status === 101) {
      this.#missing = 1;
    } else if (status === 204 || status === 304) {
      // They have no body, but some servers send one; where they announce it, more may come.
      this.#missing = (length ?? 0) === 0 && transfer === undefined ? -begun : 1;
    } else if (transfer === undefined && length !== undefined) {
      this.#missing = length - begun;
    } else {
      this.#sized = false;
      this.#missing = 1;
      if (chunked) this.#chunks = new ChunkedDecoder();
    }
  }

  /** All fields of the head; the body must not have been read. */
  headers(): Headers {
    return this.#head.headers(this.#connection.buffer);
  }

  /** The values of all fields of a name, in small letters; the body must not have been read. */
  values(name: string): string[] {
    return this.#head.values(this.#connection.buffer, name);
  }

  /** True if the number of bytes of the body is known. */
  get sized(): boolean {
    return this.#sized;
  }

  /**
   * What came of the body together with the head: part of the buffer of the connection. To be asked for once.
   *
   * @throws {DownloadError} If it is not framed as the head says.
   */
  begun(): Uint8Array<ArrayBuffer> {
    const { end, length = 0 } = this.#head;
    const { buffer } = this.#connection;
    if (this.#sized) return buffer.subarray(end, Math.min(this.#filled, end + length));
    const begun = buffer.subarray(end, this.#filled);
    return begun.subarray(0, this.#decode(begun));
  }

  /** True when the whole body was read. */
  get whole(): boolean {
    return this.#missing <= 0;
  }

  /** The buffer of the connection behind what was read, if a body of this length fits there with a byte to spare. */
  room(length: number): Uint8Array<ArrayBuffer> | undefined {
    const { buffer } = this.#connection;
    return this.#head.end + length < buffer.length ? buffer.subarray(this.#head.end) : undefined;
  }

  /** The buffer of the connection, all of it: what was in it is lost. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#connection.buffer;
  }

  /**
   * Reads on in the body.
   *
   * @param target Where to; bytes behind those that count may change, too.
   * @returns How many bytes of the body came; none only at the end of one whose length is not known.
   * @throws {DownloadError} If the body is short, or not framed as the head says; an abort throws its reason.
   */
  async read(target: Uint8Array): Promise<number> {
    if (!this.#sized) return await this.#readFramed(target);
    // Without a byte to spare nobody would see what follows the body.
    const exact = target.length === this.#missing;
    let count: number | null;
    try {
      count = await this.#connection.read(exact && target.length > 1 ? target.subarray(0, -1) : target);
    } catch (error) {
      throw this.#signal.aborted ? this.#signal.reason : networkError(error, this.href);
    }
    if (count === null) {
      const { length = 0 } = this.#head;
      throw this.#fail(`${length - this.#missing} bytes came instead of ${length}`);
    }
    const missing = this.#missing;
    this.#missing = exact && count === missing ? -1 : missing - count;
    return Math.min(count, missing);
  }

  async #readFramed(target: Uint8Array): Promise<number> {
    while (!this.whole) {
      let count: number | null;
      try {
        count = await this.#connection.read(target);
      } catch (error) {
        throw this.#signal.aborted ? this.#signal.reason : networkError(error, this.href);
      }
      if (count === null) {
        if (this.#chunks !== undefined) throw this.#fail("the body ended before its last chunk");
        this.#missing = 0;
        this.#head.keepAlive = false;
        return 0;
      }
      const filled = this.#decode(target.subarray(0, count));
      if (filled > 0) return filled;
    }
    return 0;
  }

  /** Takes the framing off what came; says how many bytes of the body are in it. */
  #decode(bytes: Uint8Array): number {
    const chunks = this.#chunks;
    if (chunks === undefined) return bytes.length;
    let filled: number;
    try {
      filled = chunks.decode(bytes);
    } catch (error) {
      throw networkError(error, this.href);
    }
    if (chunks.done) this.#missing = chunks.surplus ? -1 : 0;
    return filled;
  }

  /** Ends it without a look at the body: the connection serves again if all of that is here. */
  dropBody(): void {
    try {
      if (!this.#sized) this.begun();
    } catch {
      // Then the connection serves no more.
      this.close();
    }
    this.finish();
  }

  /** Ends it in good order: the connection serves again, if the answer allows it. */
  finish(): void {
    if (this.#over) return;
    if (!this.#head.keepAlive || this.#missing !== 0 || !this.#connection.sent) return this.close();
    this.#end();
    this.#pool.park(this.#connection);
  }

  /** Ends it with its connection. */
  close(): void {
    if (this.#over) return;
    this.#end();
    this.#connection.close();
  }

  #died(cause: unknown): LaneAsked {
    this.close();
    return { type: "died", cause };
  }

  #broken<T>(reason: T): T {
    this.close();
    return reason;
  }

  #end(): void {
    this.#over = true;
    this.#signal.removeEventListener("abort", this);
  }

  #fail(what: string): DownloadError {
    return networkError(new Error(what), this.href);
  }
}
