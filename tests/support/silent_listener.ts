/** Listeners that take every connection and read every request, and never say a word. */
export class SilentListeners implements AsyncDisposable {
  readonly #listeners: Deno.TcpListener[];
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #serving: Promise<unknown>;
  /** Requests that each of them has seen. */
  readonly requests: number[];
  /** Requests that are open to each of them, and the most that were so at a time. */
  readonly open: number[];
  readonly mostOpen: number[];
  /** The most of them that had a request open at a time. */
  mostAtOnce = 0;

  private constructor(count: number) {
    this.#listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    this.requests = this.#listeners.map(() => 0);
    this.open = this.#listeners.map(() => 0);
    this.mostOpen = this.#listeners.map(() => 0);
    this.#serving = Promise.all(this.#listeners.map((listener, i) => this.#serve(listener, i)));
  }

  /** Starts so many, each on a free port of the loopback. */
  static start(count: number): SilentListeners {
    return new SilentListeners(count);
  }

  /** The start of the urls of each, without a slash at the end. */
  get urls(): string[] {
    return this.#listeners.map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  }

  async #serve(listener: Deno.TcpListener, i: number): Promise<void> {
    const reads: Promise<void>[] = [];
    try {
      for await (const conn of listener) reads.push(this.#read(conn, i));
    } catch {
      // It was closed.
    }
    await Promise.all(reads);
  }

  /** A connection without a request is only a look whether somebody is there. */
  async #read(conn: Deno.TcpConn, i: number): Promise<void> {
    this.#conns.add(conn);
    let asked = false;
    try {
      const buffer = new Uint8Array(4096);
      while (await conn.read(buffer) !== null) {
        if (asked) continue;
        asked = true;
        this.requests[i]!++;
        this.mostOpen[i] = Math.max(this.mostOpen[i]!, ++this.open[i]!);
        this.mostAtOnce = Math.max(this.mostAtOnce, this.open.filter((open) => open > 0).length);
      }
    } catch {
      // It was closed, here or there.
    }
    if (asked) this.open[i]!--;
    if (this.#conns.delete(conn)) conn.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#conns) {
      this.#conns.delete(conn);
      conn.close();
    }
    await this.#serving;
  }
}
