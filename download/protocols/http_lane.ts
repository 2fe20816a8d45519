/**
 * A narrow HTTP/1.1 client for downloads, at a third of what `fetch` costs: GET over a kept connection, with ranges and
 * conditions, and answers of every form. What it does not take is decided before it asks: no answer that can be read is asked for twice.
 *
 * One danger no client of HTTP/1.1 can rule out, `fetch` included: bytes that a server sends unasked, too late to be
 * seen behind the answer before and too early to be told from the next one. All that is seen before a request goes out
 * closes the connection.
 *
 * @module
 */
import { networkError } from "../download_error.ts";
import type { LookupWatch } from "../name_lookups.ts";
import { transferProblem } from "./fetch_response.ts";
import { broughtBy, WHOLE_FILE } from "./file_part.ts";
import type { HttpHead } from "./http_head.ts";
import { laneBody } from "./lane_body.ts";
import { LaneConnection, type LaneDialing } from "./lane_connection.ts";
import { LaneExchange } from "./lane_exchange.ts";
import { http2OnlyServers, type LearnedServers } from "./learned_servers.ts";
import { LanePool } from "./lane_pool.ts";
import { type LaneHost, laneHost, laneOrigin, laneRequest } from "./lane_request.ts";
import { LaneResponse } from "./lane_response.ts";

/** How an {@linkcode HttpLane} works. */
export interface HttpLaneOptions {
  /** How many connections to one server may be idle; they are kept for at most 30 s. */
  idlePerHost: number;
  /** How many connections may be open: of more, idle ones are closed. Default: any number. */
  connections?: number;
  /**
   * False makes the lane take nothing, for example where a proxy is to be used.
   *
   * @default {true}
   */
  enabled?: boolean;
  /**
   * Keep all fields of every answer, not only of those that seem to need it.
   *
   * @default {false}
   */
  headers?: boolean;
  /** How connections come about. Default: to whatever the name leads to, with the usual certificates. */
  dialing?: LaneDialing;
  /** Servers that are left to `fetch`, as they speak only HTTP/2; those that turn out to be such are noted there. */
  http2Servers?: LearnedServers;
}

/** What an {@linkcode HttpLane} is asked for. */
export interface LaneRequest {
  /** Where the file is. */
  url: URL;
  /** Headers of the task, which take the place of the usual ones. */
  headers: Readonly<Record<string, string>>;
  /** Given if the headers ask for a range. `to` is where it ends; by default at the end of the file. */
  range?: { readonly to?: number } | undefined;
  /** Ends the request, and the reading of its body. */
  signal: AbortSignal;
  /** Called with the host before it is asked a second time; what it returns is awaited. */
  visit?: ((host: string) => Promise<void> | undefined) | undefined;
  /** Told while the name of the host is looked up. */
  watch?: LookupWatch | undefined;
  /** The body of an answer without a file is wanted. Default: it is thrown away. */
  keepsBody?: boolean;
}

/** An answer without a file: an error or a redirect. */
export interface LaneStatus {
  /** Tells it from a {@linkcode LaneResponse}. */
  readonly ok: false;
  /** The status: 101 to 999. */
  readonly status: number;
  /** All fields of the head. */
  readonly headers: Headers;
  /** The values of its Location fields, one for each; absent where they are known only as `Headers` joins them. */
  readonly locations?: readonly string[];
  /** Its body, which must be read or canceled; absent: it was thrown away. */
  readonly body?: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** To be called when its body was read to the end (true), or will not be. Absent: nobody waits for that. */
  readonly end?: ((whole: boolean) => void) | undefined;
}

/** What an {@linkcode HttpLane} got. */
export type LaneAnswer = LaneResponse | LaneStatus;

/** Fetches files, and parts of them, over kept connections. */
export class HttpLane implements Disposable {
  readonly #enabled: boolean;
  readonly #headers: boolean;
  readonly #dialing: LaneDialing;
  readonly #http2Servers: LearnedServers;
  readonly #pool: LanePool;

  /** @param options How many connections to keep. */
  constructor(options: HttpLaneOptions) {
    this.#enabled = options.enabled ?? true;
    this.#headers = options.headers ?? false;
    this.#dialing = options.dialing ?? {};
    this.#http2Servers = options.http2Servers ?? http2OnlyServers();
    this.#pool = new LanePool(options.idlePerHost, options.connections);
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#pool.size;
  }

  /**
   * Asks for a file. A kept connection that turns out to be dead is replaced once by a fresh one.
   *
   * @returns The answer, or undefined: the lane does not take this request and has sent nothing, so `fetch` is to ask.
   * @throws {DownloadError} If there is no connection, or it broke before the answer, or the answer cannot be read; an abort
   * throws its reason.
   */
  async open(
    { url, headers, range, signal, visit, watch, keepsBody = false }: LaneRequest,
  ): Promise<LaneAnswer | undefined> {
    signal.throwIfAborted();
    const { href } = url;
    const key = laneOrigin(href);
    const host = this.#pool.host(key) ?? laneHost(url);
    if (!this.#enabled || this.#pool.disposed || host === undefined) return undefined;
    const request = laneRequest(host, href, headers);
    if (request === undefined) return undefined;
    const idle = this.#pool.take(key);
    if (idle === undefined && this.#http2Servers.has(host.key)) return undefined;
    for (let kept = idle !== undefined;; kept = false) {
      const connection = kept ? idle! : await this.#connect(host, href, signal, watch);
      if (connection === undefined) return undefined;
      const exchange = new LaneExchange(connection, href, this.#pool, signal);
      const asked = await exchange.ask(request);
      if (asked.type === "head") return this.#answer(exchange, asked.head, url, range, keepsBody);
      if (!kept) throw networkError(asked.cause, href);
      await visit?.(url.host);
    }
  }

  /** Closes all connections; downloads that use them fail. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  /** A new connection; undefined if the server speaks only HTTP/2. */
  async #connect(
    host: LaneHost,
    href: string,
    signal: AbortSignal,
    watch: LookupWatch | undefined,
  ): Promise<LaneConnection | undefined> {
    let connection: LaneConnection;
    try {
      connection = await LaneConnection.open(host, signal, this.#dialing, watch);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (this.#http2Servers.learn(host.key, error)) return undefined;
      throw networkError(error, href);
    }
    if (this.#pool.disposed || signal.aborted) {
      connection.close();
      throw signal.aborted ? signal.reason : networkError(new Error("the client was closed"), href);
    }
    this.#pool.add(connection);
    return connection;
  }

  /** What to make of the head: a file or a status. */
  #answer(
    exchange: LaneExchange,
    head: HttpHead,
    url: URL,
    range: LaneRequest["range"],
    keepsBody: boolean,
  ): LaneAnswer {
    const { status } = head;
    try {
      const part = status === 200 ? WHOLE_FILE : broughtBy(status, () => exchange.headers(), range, url);
      if (part === undefined) return toStatus(exchange, status, keepsBody);
      const problem = transferProblem(head.transfer, url);
      if (problem !== undefined) throw problem;
      return new LaneResponse(exchange, head, this.#pool, this.#headers, part === WHOLE_FILE ? undefined : part);
    } catch (error) {
      exchange.close();
      throw error;
    }
  }
}

function toStatus(exchange: LaneExchange, status: number, keepsBody: boolean): LaneStatus {
  const answer: LaneStatus = {
    ok: false,
    status,
    headers: exchange.headers(),
    ...(status >= 300 && status < 400 ? { locations: exchange.values("location") } : {}),
  };
  if (keepsBody) return { ...answer, body: laneBody(exchange) };
  exchange.dropBody();
  return answer;
}
