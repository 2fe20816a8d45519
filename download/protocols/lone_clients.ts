/** So many clients that nobody uses are kept, with their connections. */
const KEPT = 16;

/** A client that carries one request at a time. */
export interface LoneClient {
  /** What `fetch` is to work with. */
  readonly client: Deno.HttpClient;
  /**
   * Ends the use of it; only the first call counts.
   *
   * @param whole The answer was read to its end: the connection serves the next one.
   */
  end(whole: boolean): void;
}

/**
 * Clients of `fetch` for HTTP/2 that carry one request at a time each. All answers on a connection of HTTP/2 share a window: a body that
 * is read slowly would slow down all others there.
 */
export class LoneClients implements Disposable {
  readonly #make: (proxy: string | undefined) => Deno.HttpClient;
  /** Those that nobody uses; the one that was used last is at the end. */
  readonly #idle: { key: string; client: Deno.HttpClient }[] = [];
  readonly #used = new Set<Deno.HttpClient>();

  /** @param make Makes a client, for requests through a proxy if one is given. */
  constructor(make: (proxy: string | undefined) => Deno.HttpClient) {
    this.#make = make;
  }

  /** How many there are. */
  get size(): number {
    return this.#idle.length + this.#used.size;
  }

  /**
   * Takes a client.
   *
   * @param origin What is asked with it: one that was used for that may have a connection.
   * @param proxy Through which proxy; undefined: through none.
   */
  take(origin: string, proxy: string | undefined): LoneClient {
    const key = `${origin} ${proxy ?? ""}`;
    const known = this.#idle.findLastIndex((one) => one.key === key);
    const client = known === -1 ? this.#make(proxy) : this.#idle.splice(known, 1)[0]!.client;
    this.#used.add(client);
    let over = false;
    const end = (whole: boolean) => {
      // It may be somebody else's by now.
      if (!over) this.#end(key, client, whole);
      over = true;
    };
    return { client, end };
  }

  #end(key: string, client: Deno.HttpClient, whole: boolean): void {
    if (!this.#used.delete(client)) return;
    if (!whole) return client.close();
    this.#idle.push({ key, client });
    if (this.#idle.length > KEPT) this.#idle.shift()!.client.close();
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#idle.splice(0)) client.close();
    for (const client of this.#used) client.close();
    this.#used.clear();
  }
}
