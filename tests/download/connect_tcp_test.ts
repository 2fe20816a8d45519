import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectTcp } from "../../download/connect_tcp.ts";

const ROUNDS = 1000;
const LAST = 50;

Deno.test("connectTcp loses no connection, whenever its signal fires", async () => {
  await using server = new CountingServer();
  const { port } = server;
  let aborted = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const stop = new AbortController();
    const reason = new Error("enough");
    const connecting = connectTcp({ hostname: "127.0.0.1", port, signal: stop.signal });
    const stopped = Promise.withResolvers<void>();
    setTimeout(() => {
      // Meanwhile the connection comes, and nobody has heard of it when the signal fires.
      for (const until = performance.now() + 1; performance.now() < until;);
      stop.abort(reason);
      stopped.resolve();
    });
    await connecting.then((conn) => conn.close(), (error) => {
      assertEquals(error, reason);
      aborted++;
    });
    await stopped.promise;
  }
  // What is closed now ends later than all that was closed before.
  for (let i = 0; i < LAST && server.open !== 0; i++) {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    await server.ended(ROUNDS - aborted + i + 1);
  }
  assertEquals(server.open, 0);
  assert(aborted > 0, "the signal fired before the end of no connection");
});

Deno.test("connectTcp takes back what does not come, and says why there is nothing", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  const reason = new Error("enough");
  const silent = connectTcp({ hostname: "192.0.2.1", port: 9, signal: AbortSignal.timeout(20) });
  await assertRejects(() => silent);
  await assertRejects(() => connectTcp({ hostname: "127.0.0.1", port, signal: AbortSignal.abort(reason) }), "enough");
  listener.close();
  const { signal } = new AbortController();
  await assertRejects(() => connectTcp({ hostname: "127.0.0.1", port, signal }), Deno.errors.ConnectionRefused);
});

/** Accepts connections, and counts those that have no end yet. */
class CountingServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #accepting = this.#accept();
  readonly #conns = new Set<Deno.Conn>();
  readonly #reading: Promise<void>[] = [];
  readonly #waiting: (() => void)[] = [];
  #ended = 0;

  get port(): number {
    return this.#listener.addr.port;
  }

  get open(): number {
    return this.#conns.size;
  }

  /** Waits until so many connections have ended. */
  async ended(count: number): Promise<void> {
    while (this.#ended < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#conns.add(conn);
      this.#reading.push(this.#read(conn));
    }
  }

  async #read(conn: Deno.Conn): Promise<void> {
    // A connection that is reset has ended too.
    await conn.read(new Uint8Array(1)).catch(() => {});
    if (this.#conns.delete(conn)) conn.close();
    this.#ended++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
    await Promise.all(this.#reading);
  }
}
