import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";

/** A server that speaks HTTP/2 over TLS, and nothing else: whoever offers only HTTP/1.1 is refused in the handshake. */
export class Http2Server implements AsyncDisposable {
  /** The range of each request, as `PATH RANGE`. */
  readonly requests: string[] = [];
  readonly #server: ReturnType<typeof createSecureServer>;
  readonly #sockets = new Set<{ destroy(): void }>();
  /** How many connections have come. */
  accepted = 0;

  private constructor(pair: { cert: string; key: string }, content: Uint8Array) {
    this.#server = createSecureServer({ ...pair, allowHTTP1: false });
    this.#server.on("connection", (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      // Clients that give up, and the end of this one, break connections off.
      socket.on("error", () => {});
    });
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      const range = headers.range ?? "";
      this.requests.push(`${headers[":path"]} ${range}`);
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
      const start = Number(from ?? 0);
      const end = to === undefined || to === "" ? content.length : Number(to) + 1;
      stream.respond({
        ":status": from === undefined ? 200 : 206,
        "content-length": end - start,
        etag: '"1"',
        ...(from === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${content.length}` }),
      });
      stream.end(content.subarray(start, end));
    });
    this.#server.on("sessionError", () => {});
  }

  /**
   * Starts it on a free loopback port.
   *
   * @param pair Its certificate and key.
   * @param content What it answers, whatever is asked for; ranges are heeded.
   */
  static async start(pair: { cert: string; key: string }, content: Uint8Array): Promise<Http2Server> {
    const server = new Http2Server(pair, content);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return server;
  }

  /** The port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}
