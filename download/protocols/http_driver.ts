import { AttemptCookies } from "../attempt_cookies.ts";
import { BufferPool } from "../buffer_pool.ts";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  MovedError,
  NotModifiedError,
  RangeRefusedError,
} from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { HostAddresses } from "../host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../http_identity.ts";
import { RequestIdentities } from "../request_identity.ts";
import { FetchResponse } from "./fetch_response.ts";
import { broughtBy } from "./file_part.ts";
import { type ProxyChoice, proxyChoice } from "../proxy_choice.ts";
import { DigestProofs } from "./digest_proofs.ts";
import { FetchClient } from "./fetch_client.ts";
import { HttpLane, type LaneStatus } from "./http_lane.ts";
import type { LaneDialing } from "./lane_connection.ts";
import { http2OnlyServers } from "./learned_servers.ts";
import { dropBody, readRefusal } from "./read_refusal.ts";
import { isRedirect, redirectTarget } from "./redirect_target.ts";
import { statusError } from "./status_error.ts";

/** So often a request is proved anew: a number may be too old when it arrives. */
const MOST_TRIES = 2;
/** With fewer, none is kept that cannot be closed. */
const FEW_CONNECTIONS = 64;

/** How {@linkcode HttpDriver} connects. */
export interface HttpDriverOptions {
  /** Idle connections to keep for each host. */
  idlePerHost: number;
  /** How many connections may be open: of more, idle ones are closed. Default: any number. */
  connections?: number;
  /** Try the narrow client first; false leaves everything to `fetch`. */
  lane: boolean;
  /** Keep all fields of every answer: somebody looks at the type of the file. Default false. */
  headers?: boolean;
  /** Who asks. Default: nobody in particular. */
  identity?: HttpIdentity;
  /** Where hosts are. Default: where the system finds them, by the rules of the identity. */
  hosts?: HostAddresses;
}

/**
 * Fetches http and https urls: over a narrow client of our own, which costs a third, and whatever that does not take over the
 * runtime's `fetch`. Which of them asks is decided before it asks: no file is asked for twice.
 */
export class HttpDriver implements DownloadDriver {
  readonly schemes = ["http:", "https:"];
  readonly #lane: HttpLane;
  readonly #fetch: FetchClient;
  readonly #buffers = new BufferPool();
  readonly #identity: HttpIdentity;
  readonly #proxyOf: ProxyChoice | undefined;
  #identities: RequestIdentities | undefined;
  readonly #loading: Promise<RequestIdentities> | undefined;
  readonly #proofs = new DigestProofs();
  /** Of attempts in which a server has set some. */
  readonly #cookies = new WeakMap<object, AttemptCookies>();

  constructor({
    idlePerHost,
    connections = Infinity,
    lane,
    headers = false,
    identity = ANONYMOUS,
    hosts,
  }: HttpDriverOptions) {
    this.#identity = identity;
    this.#proxyOf = proxyChoice(identity);
    if (identity.cookies === undefined) this.#identities = new RequestIdentities(identity);
    else this.#loading = RequestIdentities.withCookies(identity);
    // Whoever opens a url hears of it.
    this.#loading?.catch(() => {});
    const { caCerts, clientCert } = identity;
    const dialing: LaneDialing = {
      hosts: hosts ?? new HostAddresses(identity),
      ...(caCerts === undefined ? {} : { caCerts }),
      ...(clientCert === undefined ? {} : { clientCert }),
    };
    const http2Servers = http2OnlyServers();
    // The runtime does not close idle connections to one server for another one.
    const keeps = connections < FEW_CONNECTIONS ? 0 : idlePerHost;
    this.#fetch = new FetchClient({ identity, idlePerHost: keeps, proxyOf: this.#proxyOf, dialing, http2Servers });
    // The runtime shows certificates, and asks proxies.
    const enabled = lane && clientCert === undefined;
    this.#lane = new HttpLane({ idlePerHost, connections, enabled, headers, dialing, http2Servers });
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const identities = this.#identities ??= await this.#loading!;
    const identity = identities.start(request.url, request.headers, request.anonymous);
    const { range, condition, signal, visit, watch, attempt, refused } = request;
    const keepsBody = refused !== undefined;
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
      const proof = this.#proofs.of(url, identity);
      const own = proof === undefined ? identity.headers() : withProof(identity.headers(), proof.authorization(url));
      const headers = plain ? own : withPreconditions(own, range, condition);
      const proxy = this.#proxyOf?.(url);
      const taken = proxy === undefined
        ? await this.#lane.open({ url, headers, range, signal, visit, watch, keepsBody })
        : undefined;
      const answer = taken ?? await this.#ask(url, headers, request);
      if (proof !== undefined && (answer.ok || answer.status !== 401)) proof.worked = true;
      const set = answer.ok ? answer.setCookie : answer.headers.getSetCookie();
      if (set !== undefined && set.length > 0) {
        if (identities.keepsCookies) identity.learn(set);
        else if (attempt !== undefined) (cookies ??= this.#cookiesOf(attempt)).note(set, url.href);
      }
      if (answer.ok) return answer;
      const { status } = answer;
      if (status === 304 && condition !== undefined) {
        dropBody(answer);
        throw new NotModifiedError(url.host);
      }
      if (status === 416 && range !== undefined) {
        dropBody(answer);
        throw new RangeRefusedError(url.host);
      }
      if (status === 401 && proofs++ < MOST_TRIES && this.#proofs.mayProve(answer.headers, url, identity, proof)) {
        dropBody(answer);
        continue;
      }
      if (refused !== undefined) {
        const error = statusError(answer, url, proxy);
        throw refused({ error, headers: answer.headers, text: await readRefusal(answer) });
      }
      if (!isRedirect(answer)) throw statusError(answer, url, proxy);
      if (hops++ >= request.maxRedirects) {
        const kept = cookies !== undefined && identity.hasOwnCookie
          ? "; the server sets cookies on the way, and the Cookie header of the task takes their place"
          : "";
        throw new DownloadError("redirect", `${url.host}: more than ${request.maxRedirects} redirects${kept}`);
      }
      // Redirects are followed by hand: `fetch` itself would carry custom headers to other origins.
      const target = redirectTarget(answer, url, this.#identity.allowDowngrade);
      if (!this.schemes.includes(target.protocol)) throw new MovedError(url.host, target.href);
      url = target;
      identity.moveTo(url);
    }
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
    { range, signal, visit, watch, slow = false, refused }: DriverRequest,
  ): Promise<FetchResponse | LaneStatus> {
    const alone = slow || range?.to !== undefined;
    const { response, end } = await this.#fetch.ask({ url, headers, signal, visit, watch, alone });
    const { status, headers: fields } = response;
    let isWanted = false;
    try {
      const part = broughtBy(status, () => fields, range, url);
      isWanted = part !== undefined || refused !== undefined;
      if (part !== undefined) return new FetchResponse(response, part, url, this.#buffers, end);
    } finally {
      if (!isWanted) {
        response.body?.cancel().catch(() => {});
        end?.(false);
      }
    }
    return { ok: false, status, headers: fields, ...(refused === undefined ? {} : { body: response.body, end }) };
  }

  [Symbol.dispose](): void {
    this.#lane[Symbol.dispose]();
    this.#fetch[Symbol.dispose]();
  }
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
