import type { HttpIdentity } from "../http_identity.ts";
import { httpClient } from "./http_client.ts";
import { type LoneClient, LoneClients } from "./lone_clients.ts";

/** A client to ask with; `end` is to be called when its answer is at an end, if it is there. */
export type TakenClient = Pick<LoneClient, "client"> & Partial<LoneClient>;

/** The clients of `fetch` of a worker, made when they are needed. */
export class HttpClients implements Disposable {
  readonly #identity: HttpIdentity;
  readonly #idlePerHost: number;
  /** By HTTP/1.1, one for each proxy. */
  readonly #first = new Map<string, TakenClient>();
  /** By HTTP/2, whose answers share a connection. */
  readonly #shared = new Map<string, TakenClient>();
  readonly #lone = new LoneClients((proxy) => this.#make(proxy, true));

  /**
   * @param identity Whose requests they are.
   * @param idlePerHost Idle connections to keep for each host.
   */
  constructor(identity: HttpIdentity, idlePerHost: number) {
    this.#identity = identity;
    this.#idlePerHost = idlePerHost;
  }

  /**
   * The client for a request.
   *
   * @param origin What is asked.
   * @param proxy Through which proxy it goes; undefined: through none.
   * @param http2 Nothing but HTTP/2 is spoken there.
   * @param alone It is to have a connection of its own, which with HTTP/1.1 each has.
   */
  take(origin: string, proxy: string | undefined, http2: boolean, alone: boolean): TakenClient {
    if (http2 && alone) return this.#lone.take(origin, proxy);
    const clients = http2 ? this.#shared : this.#first;
    let taken = clients.get(proxy ?? "");
    if (taken === undefined) clients.set(proxy ?? "", taken = { client: this.#make(proxy, http2) });
    return taken;
  }

  #make(proxy: string | undefined, http2: boolean): Deno.HttpClient {
    return httpClient(this.#identity, { proxy, idlePerHost: this.#idlePerHost, http2 });
  }

  [Symbol.dispose](): void {
    for (const { client } of [...this.#first.values(), ...this.#shared.values()]) client.close();
    this.#lone[Symbol.dispose]();
  }
}
