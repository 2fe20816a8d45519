/** Stands before a server, and can lose what that answers: the client's connection ends then. */
export class LossyProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #lose = 0;
  #silent = false;

  /** How many answers were lost. */
  lost = 0;

  private constructor(port: number) {
    this.#port = port;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** Starts one before a port of the loopback. */
  static start(port: number): LossyProxy {
    return new LossyProxy(port);
  }

  /** Its own port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Loses the next answers, each with its connection. */
  loseNext(count = 1): void {
    this.#lose += count;
  }

  /** Says nothing any more, and keeps connections open, as a network that is gone; or goes on. */
  set silent(silent: boolean) {
    this.#silent = silent;
    if (!silent) { for (const connection of this.#open) close(connection); }
  }

  async #serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const client of this.#listener) pairs.push(this.#pair(client));
    await Promise.all(pairs);
  }

  async #pair(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port }).catch(() => undefined);
    if (server === undefined) return close(client);
    this.#open.add(client).add(server);
    await Promise.all([this.#pump(client, server, false), this.#pump(server, client, true)]);
    this.#open.delete(client);
    this.#open.delete(server);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, answers: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        if (this.#silent) continue;
        if (answers && this.#lose > 0) {
          this.#lose--;
          this.lost++;
          break;
        }
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // The other direction has closed it.
    }
    close(from);
    close(to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#serving.catch(() => {});
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
