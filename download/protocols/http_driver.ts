import { bareUrl } from "../../base/bare_url.ts";
import { AttemptCookies } from "../attempt_cookies.ts";
import { BufferPool } from "../buffer_pool.ts";
import { fieldText } from "../field_text.ts";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  NotModifiedError,
  RangeRefusedError,
} from "../download_driver.ts";
import { digestChallenge, DigestProof } from "../digest_auth.ts";
import { DownloadError, networkError } from "../download_error.ts";
import { lazyGuardedConnect } from "../lazy_guarded_connect.ts";
import { ANONYMOUS, type HttpIdentity } from "../http_identity.ts";
import type { Version } from "../part_state.ts";
import { RequestIdentities, type RequestIdentity } from "../request_identity.ts";
import { rateLimitReset } from "../rate_limit_reset.ts";
import { retryAfter } from "../retry_after.ts";
import { FetchResponse } from "./fetch_response.ts";
import { httpClient } from "./http_client.ts";
import { HttpLane, type LaneStatus } from "./http_lane.ts";
import type { LaneDialing } from "./lane_connection.ts";
import { http2OnlyServers, LearnedServers } from "./learned_servers.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** `Headers` joins fields; where another address begins behind a comma and a blank, there were two. */
const SEVERAL_LOCATIONS = /, (?=\/|[a-z][a-z0-9+.-]*:\/\/)/i;
/** So often a request is proved anew: a number may be too old when it arrives. */
const MOST_TRIES = 2;
/** Challenges of servers are remembered, of so many at the most. */
const MOST_PROOFS = 1000;
const USER_AGENT = "corehaul/0.1.0";

/** What `fetch` is asked for. */
interface Asked extends Pick<DriverRequest, "signal"> {
  url: URL;
  headers: Readonly<Record<string, string>>;
  visit: DriverRequest["visit"] | undefined;
  /** One of several requests for parts of a file: it is to have a connection of its own. */
  piece: boolean;
}

/** How {@linkcode HttpDriver} connects. */
export interface HttpDriverOptions {
  /** Idle connections to keep for each host. */
  idlePerHost: number;
  /** Try the narrow client first; false leaves everything to `fetch`. */
  lane: boolean;
  /** The environment names a proxy for some or all requests. Default false. */
  proxied?: boolean;
  /** Keep all fields of every answer: somebody looks at the type of the file. Default false. */
  headers?: boolean;
  /** Who asks. Default: nobody in particular. */
  identity?: HttpIdentity;
  /** How connections are made if the identity denies private addresses. Default: by its rules. */
  connect?: LaneDialing["connect"];
}

/**
 * Fetches http and https urls: over a narrow client of our own, which costs a third, and whatever that does not take over the
 * runtime's `fetch`. Which of them asks is decided before it asks: no file is asked for twice.
 */
export class HttpDriver implements DownloadDriver {
  readonly schemes = ["http:", "https:"];
  readonly #lane: HttpLane;
  readonly #http2Servers = http2OnlyServers();
  /** They speak HTTP/2, but refuse a request by HTTP_1_1_REQUIRED. */
  readonly #http1Servers = new LearnedServers(/endpoint requires HTTP\/1\.1/);
  /** Servers at ports to which `fetch` sends nothing. */
  readonly #blocked = new LearnedServers(/requests to port \d+ are blocked/i);
  /** Their answers have more fields than `fetch` takes. */
  readonly #manyFields = new LearnedServers(/message head is too large/);
  readonly #buffers = new BufferPool();
  readonly #idlePerHost: number;
  readonly #identity: HttpIdentity;
  #identities: RequestIdentities | undefined;
  readonly #loading: Promise<RequestIdentities> | undefined;
  readonly #dialing: LaneDialing;
  /** What servers want to be proved of whoever asks, by origin. */
  readonly #proofs = new Map<string, DigestProof>();
  /** Of attempts in which a server has set some. */
  readonly #cookies = new WeakMap<object, AttemptCookies>();
  readonly #proxied: boolean;
  #client: Deno.HttpClient | undefined;
  /** For HTTP/1.1, as for pieces of a file: over HTTP/2 all of them share one connection, which is better than none. */
  #aloneClient: Deno.HttpClient | undefined;

  constructor(options: HttpDriverOptions) {
    const { idlePerHost, lane, headers = false, identity = ANONYMOUS, connect } = options;
    this.#idlePerHost = idlePerHost;
    this.#identity = identity;
    if (identity.cookies === undefined) this.#identities = new RequestIdentities(identity);
    else this.#loading = RequestIdentities.withCookies(identity);
    // Whoever opens a url hears of it.
    this.#loading?.catch(() => {});
    const { proxy, caCerts, clientCert, denyPrivate, allowPrivate } = identity;
    this.#dialing = {
      ...(denyPrivate ? { connect: connect ?? lazyGuardedConnect(allowPrivate) } : {}),
      ...(caCerts === undefined ? {} : { caCerts }),
      ...(clientCert === undefined ? {} : { clientCert }),
    };
    this.#proxied = proxy !== undefined || options.proxied === true;
    const enabled = lane && proxy === undefined && clientCert === undefined;
    this.#lane = new HttpLane({
      idlePerHost,
      enabled,
      headers,
      dialing: this.#dialing,
      http2Servers: this.#http2Servers,
    });
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const identities = this.#identities ??= await this.#loading!;
    const identity = identities.start(request.url, request.headers);
    const { range, condition, signal, visit, attempt } = request;
    let cookies = attempt === undefined ? undefined : this.#cookies.get(attempt);
    const plain = range === undefined && condition === undefined;
    let { url } = identity;
    let proofs = 0;
    let hops = 0;
    while (true) {
      if (cookies !== undefined) {
        if (cookies.hasNews) await cookies.read();
        identity.useCookies(cookies);
      }
      const entering = visit?.(url.host);
      if (entering !== undefined) await entering;
      const proof = this.#proofOf(url, identity);
      const own = proof === undefined ? identity.headers() : withProof(identity.headers(), proof.authorization(url));
      const headers = plain ? own : withPreconditions(own, range, condition);
      const answer = await this.#lane.open({ url, headers, range, signal, visit }) ??
        await this.#ask(url, headers, request);
      if (proof !== undefined && (answer.ok || answer.status !== 401)) proof.worked = true;
      const set = answer.ok ? answer.setCookie : answer.headers.getSetCookie();
      if (set !== undefined && set.length > 0) {
        if (identities.keepsCookies) identity.learn(set);
        else if (attempt !== undefined) (cookies ??= this.#cookiesOf(attempt)).note(set, url.href);
      }
      if (answer.ok) return answer;
      if (answer.status === 304 && condition !== undefined) throw new NotModifiedError(url.host);
      if (answer.status === 416 && range !== undefined) {
        throw new RangeRefusedError(url.host, refusedVersion(answer.headers));
      }
      if (answer.status === 401 && proofs++ < MOST_TRIES && this.#mayProve(answer.headers, url, identity, proof)) {
        continue;
      }
      if (!REDIRECTS.has(answer.status)) throw statusError(answer, url);
      if (hops++ >= request.maxRedirects) {
        const kept = cookies !== undefined && identity.hasOwnCookie
          ? "; the server sets cookies on the way, and the Cookie header of the task takes their place"
          : "";
        throw new DownloadError("redirect", `${url.host}: more than ${request.maxRedirects} redirects${kept}`);
      }
      url = this.#target(answer, url);
      identity.moveTo(url);
    }
  }

  /** What proves to a server who asks; undefined if it wants no proof, or nobody is known. */
  #proofOf(url: URL, identity: RequestIdentity): DigestProof | undefined {
    if (this.#proofs.size === 0) return undefined;
    const proof = this.#proofs.get(url.origin);
    const credentials = proof === undefined ? undefined : identity.credentials();
    return credentials !== undefined && proof?.isOf(credentials) ? proof : undefined;
  }

  /** True if a request that was refused with a 401 is worth another try: with a proof, or with one by a newer number. */
  #mayProve(headers: Headers, url: URL, identity: RequestIdentity, sent: DigestProof | undefined): boolean {
    const challenge = digestChallenge(headers.get("www-authenticate"));
    const credentials = challenge === undefined ? undefined : identity.credentials();
    if (challenge === undefined || credentials === undefined) return false;
    const known = this.#proofs.get(url.origin);
    // Another request may have been faster.
    if (known !== undefined && known !== sent && known.isOf(credentials)) return true;
    // A number that has served may be too old by now, though not all servers say so; else the password is wrong.
    if (sent !== undefined && !sent.worked && !challenge.stale) return false;
    if (this.#proofs.size >= MOST_PROOFS) this.#proofs.clear();
    this.#proofs.set(url.origin, new DigestProof(challenge, credentials));
    return true;
  }

  #cookiesOf(attempt: object): AttemptCookies {
    const cookies = new AttemptCookies();
    this.#cookies.set(attempt, cookies);
    return cookies;
  }

  /** Asks with the runtime's client. */
  async #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    { range, signal, visit }: DriverRequest,
  ): Promise<FetchResponse | LaneStatus> {
    const response = await this.#fetch({ url, headers, signal, visit, piece: range?.to !== undefined });
    if (response.status === 200 || (response.status === 206 && range !== undefined)) {
      return new FetchResponse(response, url, this.#buffers, range?.to);
    }
    response.body?.cancel().catch(() => {});
    return { ok: false, status: response.status, headers: response.headers };
  }

  /** Redirects are followed by hand: `fetch` itself would carry custom headers to other origins. */
  #target({ status, headers, locations }: LaneStatus, from: URL): URL {
    const field = headers.get("location");
    if (field === null) {
      throw new DownloadError("redirect", `${from.host}: status ${status} without a Location`, { status });
    }
    const [location, ...others] = new Set((locations ?? field.split(SEVERAL_LOCATIONS)).map(fieldText));
    if (location === undefined || others.length > 0) {
      throw new DownloadError("redirect", `${from.host}: status ${status} with more than one Location`, { status });
    }
    const target = URL.parse(location, from);
    if (target === null || !this.schemes.includes(target.protocol)) {
      // What follows may be a key.
      const shown = bareUrl(location).slice(0, 200);
      throw new DownloadError("redirect", `${from.host}: redirected to "${shown}", which is not http or https`);
    }
    if (from.protocol === "https:" && target.protocol === "http:" && !this.#identity.allowDowngrade) {
      throw new DownloadError("security", `${from.host}: redirected from https to http (see --allow-downgrade)`);
    }
    // What a server puts before the @ is not what the user gave.
    target.username = target.password = "";
    return target;
  }

  async #fetch({ headers: extra, ...request }: Asked): Promise<Response> {
    const headers = new Headers(extra);
    if (!headers.has("user-agent")) headers.set("user-agent", USER_AGENT);
    // fetch asks for gzip by itself, and then hides the length.
    headers.set("accept-encoding", "identity");
    const { url, visit } = request;
    while (true) {
      const before = this.#needs(url.origin);
      try {
        return await this.#fetchOnce(request, headers);
      } catch (error) {
        const asked = this.#learn(url.origin, error);
        // To ask in the same way once more would change nothing.
        if (asked === undefined || this.#needs(url.origin) === before) throw networkError(error, url.href);
        if (asked) await visit?.(url.host);
      }
    }
  }

  /** Asks as the server needs it, by what is known of it. */
  async #fetchOnce({ url, signal, piece }: Omit<Asked, "headers">, headers: Headers): Promise<Response> {
    const { origin } = url;
    const blocked = this.#blocked.has(origin);
    if (blocked && this.#proxied) {
      const problem = `${url.host}: cannot be asked through a proxy, as the runtime blocks its port there`;
      throw new DownloadError("unsupported", problem);
    }
    if (blocked || this.#identity.denyPrivate || this.#manyFields.has(origin)) {
      const { dialedFetch } = await import("./dialed_fetch.ts");
      return await dialedFetch(url, headers, signal, this.#dialing);
    }
    const alone = (piece || this.#http1Servers.has(origin)) && !this.#http2Servers.has(origin);
    const client = alone
      ? this.#aloneClient ??= httpClient(this.#identity, this.#idlePerHost, false)
      : this.#client ??= httpClient(this.#identity, this.#idlePerHost);
    return await fetch(url, { client, redirect: "manual", headers, signal });
  }

  /** What is known of a server, in a form that can be compared. */
  #needs(origin: string): string {
    return [this.#http2Servers, this.#http1Servers, this.#blocked, this.#manyFields].map((all) => +all.has(origin))
      .join("");
  }

  /** Learns of a failure how a server is to be asked; says whether it was asked by then, undefined if nothing is learned. */
  #learn(origin: string, error: unknown): boolean | undefined {
    if (this.#http2Servers.learn(origin, error) || this.#blocked.learn(origin, error)) return false;
    if (this.#http1Servers.learn(origin, error)) return true;
    // Nothing but fetch goes through proxies.
    return !this.#proxied && this.#manyFields.learn(origin, error) ? true : undefined;
  }

  [Symbol.dispose](): void {
    this.#lane[Symbol.dispose]();
    this.#client?.close();
    this.#aloneClient?.close();
  }
}

function statusError({ status, headers }: { status: number; headers: Headers }, url: URL): DownloadError {
  if (status < 200) {
    return new DownloadError("protocol", `${url.host}: the server changes the protocol (HTTP status ${status})`);
  }
  const now = Date.now();
  const retryAt = retryAfter(headers.get("retry-after"), now) ?? rateLimitReset(status, headers, now);
  return new DownloadError("http", `${url.host}: HTTP status ${status}`, {
    status,
    host: url.host,
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}

function withProof(headers: Readonly<Record<string, string>>, authorization: string): Record<string, string> {
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization");
  return { ...Object.fromEntries(others), Authorization: authorization };
}

/** The headers of a request for a part of a file, or for one that has changed; a task cannot ask for that by its own. */
function withPreconditions(
  headers: Readonly<Record<string, string>>,
  range: DriverRequest["range"],
  condition: DriverRequest["condition"],
): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !/^(range|if-.*)$/i.test(name));
  return {
    ...Object.fromEntries(own),
    ...(range === undefined ? {} : { Range: rangeHeader(range), "If-Range": range.ifRange }),
    ...(condition?.etag === undefined ? {} : { "If-None-Match": condition.etag }),
    ...(condition?.lastModified === undefined ? {} : { "If-Modified-Since": condition.lastModified }),
  };
}

function rangeHeader({ from, to }: { from: number; to?: number }): string {
  return `bytes=${from}-${to === undefined ? "" : to - 1}`;
}

/** What a 416 says of the file. */
function refusedVersion(headers: Headers): Version {
  const match = /^bytes \*\/(\d{1,15})$/i.exec(headers.get("content-range")?.trim() ?? "");
  const etag = headers.get("etag");
  const lastModified = headers.get("last-modified");
  return {
    ...(match === null ? {} : { length: Number(match[1]) }),
    ...(etag === null ? {} : { etag }),
    ...(lastModified === null ? {} : { lastModified }),
  };
}
