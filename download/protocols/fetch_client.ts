import type { DriverRequest } from "../download_driver.ts";
import { DownloadError, networkError } from "../download_error.ts";
import type { HttpIdentity } from "../http_identity.ts";
import type { LookupWatch } from "../name_lookups.ts";
import type { ProxyChoice } from "../proxy_choice.ts";
import { HttpClients } from "./http_clients.ts";
import type { LaneDialing } from "./lane_connection.ts";
import { LearnedServers } from "./learned_servers.ts";
import { proxyFailure } from "./proxy_failure.ts";

const USER_AGENT = "corehaul/0.1.0";
/** What fetch adds by itself where it is not given. */
const ALWAYS_SENT = ["user-agent", "accept"];

/** How a {@linkcode FetchClient} connects. */
export interface FetchClientOptions {
  /** Who asks. */
  identity: HttpIdentity;
  /** Idle connections to keep for each host. */
  idlePerHost: number;
  /** Through which proxy a request goes; absent: none goes through one. */
  proxyOf: ProxyChoice | undefined;
  /** How connections come about that are not of `fetch` itself. */
  dialing: LaneDialing;
  /** Servers that speak only HTTP/2; those that turn out to be such are noted there. */
  http2Servers: LearnedServers;
}

/** What a {@linkcode FetchClient} is asked for. */
export interface FetchQuestion extends Pick<DriverRequest, "signal"> {
  /** Where to, without user name and password. */
  url: URL;
  /** The headers of the request. */
  headers: Readonly<Record<string, string>>;
  /** Called with the host before it is asked once more. */
  visit: DriverRequest["visit"] | undefined;
  /** Told while the name of the host is looked up. */
  watch: DriverRequest["watch"] | undefined;
  /** It is to have a connection of its own: its body is read slowly, or it is one of several requests for parts of a file. */
  alone: boolean;
}

/** What a {@linkcode FetchClient} got. */
export interface FetchAnswer {
  /** The answer, a redirect too. */
  response: Response;
  /** To be called when its body was read to the end (true), or will not be; the first call counts. Absent: nobody waits for that. */
  end?: ((whole: boolean) => void) | undefined;
}

/**
 * Asks with the runtime's `fetch`, by HTTP/1.1 where the server speaks it: there each answer has a connection of its own. A server
 * that cannot be asked in the usual way is asked in the way that it needs, from then on at once.
 */
export class FetchClient implements Disposable {
  readonly #identity: HttpIdentity;
  readonly #proxyOf: ProxyChoice | undefined;
  readonly #dialing: LaneDialing;
  readonly #clients: HttpClients;
  readonly #http2Servers: LearnedServers;
  /** Servers at ports to which `fetch` sends nothing. */
  readonly #blocked = new LearnedServers(/requests to port \d+ are blocked/i);
  /** Their answers have more fields than `fetch` takes. */
  readonly #manyFields = new LearnedServers(/message head is too large/);

  /** @param options How it connects. */
  constructor({ identity, idlePerHost, proxyOf, dialing, http2Servers }: FetchClientOptions) {
    this.#identity = identity;
    this.#proxyOf = proxyOf;
    this.#dialing = dialing;
    this.#clients = new HttpClients(identity, idlePerHost);
    this.#http2Servers = http2Servers;
  }

  /**
   * Sends a request.
   *
   * @throws {DownloadError} If there is no answer; an abort throws its reason.
   */
  async ask({ headers: extra, visit, ...question }: FetchQuestion): Promise<FetchAnswer> {
    const { headers, unwanted } = readHeaders(extra);
    if (!headers.has("user-agent") && !unwanted.has("user-agent")) headers.set("user-agent", USER_AGENT);
    // fetch asks for gzip by itself, and then hides the length.
    headers.set("accept-encoding", "identity");
    const { url, signal } = question;
    const proxy = this.#proxyOf?.(url);
    while (true) {
      const before = this.#needs(url.origin);
      try {
        return await this.#askOnce(question, headers, unwanted, proxy);
      } catch (error) {
        const asked = this.#learn(url.origin, error, proxy);
        if (asked === undefined || this.#needs(url.origin) === before) {
          this.#dialing.hosts?.names.doubt(bareHostname(proxy === undefined ? url : new URL(proxy)));
          // To ask in the same way once more would change nothing.
          if (proxy === undefined) throw networkError(error, url.href);
          throw await proxyFailure(error, url, proxy, signal, this.#dialing);
        }
        if (asked) await visit?.(url.host);
      }
    }
  }

  /** Asks as the server needs it, by what is known of it. */
  async #askOnce(
    { url, signal, alone, watch }: Omit<FetchQuestion, "headers" | "visit">,
    headers: Headers,
    unwanted: ReadonlySet<string>,
    proxy: string | undefined,
  ): Promise<FetchAnswer> {
    const { origin } = url;
    const blocked = this.#blocked.has(origin);
    if (blocked && proxy !== undefined) {
      const problem = `${url.host}: cannot be asked through a proxy, as the runtime blocks its port there`;
      throw new DownloadError("unsupported", problem);
    }
    // By itself fetch would read the proxies of the environment, and NO_PROXY its own way.
    const pastProxies = proxy === undefined && this.#identity.environmentProxies !== undefined;
    if (blocked || pastProxies || this.#identity.denyPrivate || this.#manyFields.has(origin)) {
      const { dialedFetch } = await import("./dialed_fetch.ts");
      return { response: await dialedFetch(url, headers, signal, this.#dialing, watch) };
    }
    const looking = this.#lookUp(proxy === undefined ? url : new URL(proxy), signal, watch);
    if (looking !== undefined) await looking;
    const { client, end } = this.#clients.take(origin, proxy, this.#http2Servers.has(origin), alone);
    // What fetch would send in any case can only be left without a value.
    for (const name of ALWAYS_SENT) if (unwanted.has(name)) headers.set(name, "");
    try {
      return { response: await fetch(url, { client, redirect: "manual", headers, signal }), end };
    } catch (error) {
      end?.(false);
      throw error;
    }
  }

  /**
   * Looks a name up that has had no answer yet: `fetch` would hold a thread for it, however many names are looked up already. The
   * others are left to it, as it may have a connection.
   */
  #lookUp(url: URL, signal: AbortSignal, watch: LookupWatch | undefined): Promise<unknown> | undefined {
    const names = this.#dialing.hosts?.names;
    const hostname = bareHostname(url);
    if (names === undefined || names.hasAnswered(hostname)) return undefined;
    return Promise.resolve(names.addressesOf(hostname, signal, watch));
  }

  /** What is known of a server, in a form that can be compared. */
  #needs(origin: string): string {
    return [this.#http2Servers, this.#blocked, this.#manyFields].map((all) => +all.has(origin))
      .join("");
  }

  /** Learns of a failure how a server is to be asked; says whether it was asked by then, undefined if nothing is learned. */
  #learn(origin: string, error: unknown, proxy: string | undefined): boolean | undefined {
    if (this.#http2Servers.learn(origin, error) || this.#blocked.learn(origin, error)) return false;
    // Nothing but fetch goes through proxies.
    return proxy === undefined && this.#manyFields.learn(origin, error) ? true : undefined;
  }

  [Symbol.dispose](): void {
    this.#clients[Symbol.dispose]();
  }
}

/** The name or address in a url, without brackets. */
function bareHostname({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** The headers that are to go out, and the names of those that are not. */
function readHeaders(given: Readonly<Record<string, string>>): { headers: Headers; unwanted: ReadonlySet<string> } {
  const headers = new Headers();
  const unwanted = new Set<string>();
  for (const [name, value] of Object.entries(given)) {
    if (value === "") unwanted.add(name.toLowerCase());
    else headers.append(name, value);
  }
  return { headers, unwanted };
}
