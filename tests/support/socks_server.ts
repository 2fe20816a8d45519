/** What a {@linkcode SocksServer} was asked for. */
export interface SocksRequest {
  /** The name and port that the client named. */
  target: string;
  /** User name and password, with a colon between them; absent if the client gave none. */
  user?: string;
}

/** A SOCKS5 proxy on a free loopback port that leads everything to one port of the loopback. */
export class SocksServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #to: number;
  readonly #open = new Set<Deno.Conn>();
  readonly #over: Promise<void>;
  /** Every request, oldest first. */
  readonly requests: SocksRequest[] = [];

  /** @param to Where everything leads. */
  constructor(to: number) {
    this.#to = to;
    this.#over = this.#accept();
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const client of this.#listener) serving.push(this.#serve(client).catch(() => {}));
    await Promise.all(serving);
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    const [, count] = await take(client, 2);
    const methods = await take(client, count!);
    const user = methods.includes(2) ? await this.#authenticate(client) : undefined;
    if (user === undefined) await client.write(Uint8Array.of(5, 0));
    const [, , , kind, length] = await take(client, 5);
    if (kind !== 3) throw new Error("only names are expected");
    const name = text(await take(client, length!));
    const [high, low] = await take(client, 2);
    const target = `${name}:${high! * 256 + low!}`;
    this.requests.push({ target, ...(user === undefined ? {} : { user }) });
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#to });
    this.#open.add(server);
    await client.write(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 1));
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async #authenticate(client: Deno.TcpConn): Promise<string> {
    await client.write(Uint8Array.of(5, 2));
    const [, length] = await take(client, 2);
    const name = text(await take(client, length!));
    const [more] = await take(client, 1);
    const password = text(await take(client, more!));
    await client.write(Uint8Array.of(1, 0));
    return `${name}:${password}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // Its streams have closed it.
      }
    }
    await this.#over;
  }
}

async function take(from: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let filled = 0; filled < count;) {
    const read = await from.read(bytes.subarray(filled));
    if (read === null) throw new Error("the client has gone");
    filled += read;
  }
  return bytes;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
