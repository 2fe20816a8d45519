import { hash } from "node:crypto";

/** A request as a {@linkcode FaultHandler} sees it. */
export interface FaultRequest {
  /** The path of the url. */
  path: string;
  /** Its query, with the question mark; empty if there is none. */
  search: string;
  /** Its headers. */
  headers: Headers;
  /** The how-manieth request for this path it is, from 1. */
  nth: number;
  /** When it came, in milliseconds of `performance.now()`. */
  at: number;
}

/** Some of the "bad ports" of the Fetch standard. */
const BLOCKED_PORTS = [6000, 10080, 5060, 6666, 6665, 6667, 6668, 6669, 6697, 5061, 6566, 4190, 3659, 2049, 1723, 1720];

/** Answers a request, well or badly. */
export type FaultHandler = (request: FaultRequest, server: FaultServer) => Response | Promise<Response>;

/** A loopback server that is slow or faulty as a test wants it, and counts what is open. */
export class FaultServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();
  readonly #counts = new Map<string, number>();

  /** Every request, oldest first. */
  readonly requests: FaultRequest[] = [];
  /** Requests that are being answered. */
  open = 0;
  /** The most requests that were being answered at a time. */
  maxOpen = 0;
  /** The start of every url, without a slash at the end. */
  readonly url: string;

  private constructor(handler: FaultHandler, hostname: string, port: number) {
    this.#server = Deno.serve({ hostname, port, onListen: () => {} }, async (request, info) => {
      const { pathname, search } = new URL(request.url);
      const nth = this.hits(pathname) + 1;
      this.#counts.set(pathname, nth);
      const seen = { path: pathname, search, headers: request.headers, nth, at: performance.now() };
      this.requests.push(seen);
      this.maxOpen = Math.max(this.maxOpen, ++this.open);
      info.completed.catch(() => {}).finally(() => this.open--);
      return await handler(seen, this);
    });
    this.url = `http://${hostname}:${this.#server.addr.port}`;
  }

  /** Starts one; on the loopback, unless another address is named, and on a free port. */
  static start(handler: FaultHandler, hostname = "127.0.0.1", port = 0): FaultServer {
    return new FaultServer(handler, hostname, port);
  }

  /** Starts one on a port that browsers, and the runtime's `fetch`, do not go to. */
  static startOnBlockedPort(handler: FaultHandler): FaultServer {
    for (const port of BLOCKED_PORTS) {
      try {
        return FaultServer.start(handler, "127.0.0.1", port);
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    throw new Error(`Cannot start a server as all of the ports ${BLOCKED_PORTS} are in use`);
  }

  /** Its port. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** How often a path was asked for. */
  hits(path: string): number {
    return this.#counts.get(path) ?? 0;
  }

  /** Waits, but not past the end of the server. */
  pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
    });
  }

  /** Waits until a condition holds, but not past the end of the server. */
  async hold(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#closing.signal.aborted) await this.pause(20);
  }

  /** An answer whose body comes in pieces, with a pause before each. */
  trickle(body: Uint8Array, pieces: number, everyMs: number, headers: Record<string, string> = {}): Response {
    const size = Math.ceil(body.length / pieces);
    let from = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await this.pause(everyMs);
        if (from < body.length) controller.enqueue(body.slice(from, from += size));
        if (from >= body.length) controller.close();
      },
    });
    return new Response(stream, { headers: { "content-length": String(body.length), ...headers } });
  }

  /**
   * An answer that does not end by itself: some bytes come at once, then a few every 50 ms, and the rest when it may.
   *
   * @param body All of it.
   * @param atOnce How many bytes come first.
   * @param free Says whether the rest may come.
   * @param answer Its status and headers.
   */
  flow(body: Uint8Array<ArrayBuffer>, atOnce: number, free: () => boolean, answer: ResponseInit = {}): Response {
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (at > 0 && !free()) await this.pause(50);
        const to = at === 0 ? atOnce : free() ? body.length : at + 100;
        if (at < body.length) controller.enqueue(body.slice(at, at = Math.min(to, body.length)));
        if (at === body.length) controller.close();
      },
    }, { highWaterMark: 0 });
    const headers = new Headers(answer.headers);
    headers.set("content-length", String(body.length));
    return new Response(stream, { ...answer, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server.shutdown();
  }
}

/** Bytes that are the same for the same name, and others for every other name and at every other place. */
export function bytesFor(name: string, length: number): Uint8Array<ArrayBuffer> {
  const seed = hash("sha256", name, "buffer");
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (let from = 0; from < length; from += seed.length) {
    bytes.set(seed.subarray(0, length - from), from);
    if (from + 4 <= length) view.setUint32(from, view.getUint32(from) ^ from);
  }
  return bytes;
}
