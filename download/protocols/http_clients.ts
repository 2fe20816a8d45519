import type { HttpIdentity } from "../http_identity.ts";
import { httpClient } from "./http_client.ts";

/** The clients of `fetch` of a worker: one for each proxy, and for direct requests, made when it is needed. */
export class HttpClients implements Disposable {
  readonly #identity: HttpIdentity;
  readonly #idlePerHost: number;
  readonly #shared = new Map<string, Deno.HttpClient>();
  /** For pieces of a file: over HTTP/2 all of them share one connection, which is better than none. */
  readonly #apart = new Map<string, Deno.HttpClient>();

  /**
   * @param identity Whose requests they are.
   * @param idlePerHost Idle connections to keep for each host.
   */
  constructor(identity: HttpIdentity, idlePerHost: number) {
    this.#identity = identity;
    this.#idlePerHost = idlePerHost;
  }

  /**
   * The client for requests.
   *
   * @param proxy Through which proxy they go; undefined: through none.
   * @param http2 Several of them may share a connection, where the server offers that.
   */
  of(proxy: string | undefined, http2: boolean): Deno.HttpClient {
    const clients = http2 ? this.#shared : this.#apart;
    let client = clients.get(proxy ?? "");
    if (client === undefined) {
      client = httpClient(this.#identity, { proxy, idlePerHost: this.#idlePerHost, http2 });
      clients.set(proxy ?? "", client);
    }
    return client;
  }

  [Symbol.dispose](): void {
    for (const client of [...this.#shared.values(), ...this.#apart.values()]) client.close();
  }
}
