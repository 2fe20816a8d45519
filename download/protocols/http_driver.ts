import { redactUrl } from "../../base/redact_url.ts";
import { BufferPool } from "../buffer_pool.ts";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  NotModifiedError,
  RangeRefusedError,
} from "../download_driver.ts";
import { DownloadError, networkError } from "../download_error.ts";
import { lazyGuardedConnect } from "../lazy_guarded_connect.ts";
import { ANONYMOUS, type HttpIdentity } from "../http_identity.ts";
import type { Version } from "../part_state.ts";
import { RequestIdentities } from "../request_identity.ts";
import { retryAfter } from "../retry_after.ts";
import { FetchResponse } from "./fetch_response.ts";
import { httpClient } from "./http_client.ts";
import { HttpLane } from "./http_lane.ts";
import type { LaneDialing } from "./lane_connection.ts";
import type { LaneResponse } from "./lane_response.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = "corehaul/0.1.0";

/** How {@linkcode HttpDriver} connects. */
export interface HttpDriverOptions {
  /** Idle connections to keep for each host. */
  idlePerHost: number;
  /** Try the narrow client first; false leaves everything to `fetch`. */
  lane: boolean;
  /** Keep all fields of every answer: somebody looks at the type of the file. Default false. */
  headers?: boolean;
  /** Who asks. Default: nobody in particular. */
  identity?: HttpIdentity;
  /** How connections are made if the identity denies private addresses. Default: by its rules. */
  connect?: LaneDialing["connect"];
}

/** An answer, whoever brought it: a file, or a status with its headers. */
type Answer =
  | { file: DriverResponse; setCookie?: readonly string[] | undefined }
  | { file?: never; status: number; headers: Headers };

/**
 * Fetches http and https urls: plain answers over a narrow client of our own, which costs a third, and whatever that does
 * not take or does not trust over the runtime's `fetch`.
 */
export class HttpDriver implements DownloadDriver {
  readonly schemes = ["http:", "https:"];
  readonly #lane: HttpLane;
  readonly #buffers = new BufferPool();
  readonly #idlePerHost: number;
  readonly #identity: HttpIdentity;
  #identities: RequestIdentities | undefined;
  readonly #loading: Promise<RequestIdentities> | undefined;
  readonly #dialing: LaneDialing;
  #client: Deno.HttpClient | undefined;

  constructor({ idlePerHost, lane, headers = false, identity = ANONYMOUS, connect }: HttpDriverOptions) {
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
    };
    const enabled = lane && proxy === undefined && clientCert === undefined;
    this.#lane = new HttpLane({ idlePerHost, enabled, headers, dialing: this.#dialing });
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const identities = this.#identities ??= await this.#loading!;
    const identity = identities.start(request.url, request.headers);
    let { url } = identity;
    for (let hops = 0;; hops++) {
      const entering = request.visit?.(url.host);
      if (entering !== undefined) await entering;
      const answer = await this.#ask(url, identity.headers(), request);
      if (identities.keepsCookies) {
        identity.learn(answer.file === undefined ? answer.headers.getSetCookie() : answer.setCookie ?? []);
      }
      if (answer.file !== undefined) return answer.file;
      if (answer.status === 304 && request.condition !== undefined) throw new NotModifiedError(url.host);
      if (answer.status === 416 && request.range !== undefined) {
        throw new RangeRefusedError(url.host, refusedVersion(answer.headers));
      }
      if (!REDIRECTS.has(answer.status)) throw statusError(answer, url);
      if (hops >= request.maxRedirects) {
        throw new DownloadError("redirect", `${url.host}: more than ${request.maxRedirects} redirects`);
      }
      url = this.#target(answer, url);
      identity.moveTo(url);
    }
  }

  async #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    { range, condition, signal }: DriverRequest,
  ): Promise<Answer> {
    // Ranges and conditions are rare: the lane need not know them.
    const plain = range === undefined && condition === undefined;
    const answer = plain ? await this.#lane.open({ url, headers, signal }) : undefined;
    if (answer !== undefined) return answer.ok ? { file: laneFile(answer), setCookie: answer.setCookie } : answer;
    const response = await this.#fetch(url, plain ? headers : withPreconditions(headers, range, condition), signal);
    if (response.status === 200 || (response.status === 206 && range !== undefined)) {
      const setCookie = response.headers.getSetCookie();
      return { file: new FetchResponse(response, url, this.#buffers), setCookie };
    }
    response.body?.cancel().catch(() => {});
    return { status: response.status, headers: response.headers };
  }

  /** Redirects are followed by hand: `fetch` itself would carry custom headers to other origins. */
  #target({ status, headers }: { status: number; headers: Headers }, from: URL): URL {
    const location = headers.get("location");
    if (location === null) {
      throw new DownloadError("redirect", `${from.host}: status ${status} without a Location`, { status });
    }
    const target = URL.parse(location, from);
    if (target === null || !this.schemes.includes(target.protocol)) {
      const shown = redactUrl(location).slice(0, 200);
      throw new DownloadError("redirect", `${from.host}: redirected to "${shown}", which is not http or https`);
    }
    if (from.protocol === "https:" && target.protocol === "http:" && !this.#identity.allowDowngrade) {
      throw new DownloadError("security", `${from.host}: redirected from https to http (see --allow-downgrade)`);
    }
    // What a server puts before the @ is not what the user gave.
    target.username = target.password = "";
    return target;
  }

  async #fetch(url: URL, extra: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    try {
      const headers = new Headers(extra);
      if (!headers.has("user-agent")) headers.set("user-agent", USER_AGENT);
      // fetch asks for gzip by itself, and then hides the length.
      headers.set("accept-encoding", "identity");
      if (this.#identity.denyPrivate) {
        const { dialedFetch } = await import("./dialed_fetch.ts");
        return await dialedFetch(url, headers, signal, this.#dialing);
      }
      this.#client ??= httpClient(this.#identity, this.#idlePerHost);
      return await fetch(url, { client: this.#client, redirect: "manual", headers, signal });
    } catch (error) {
      throw networkError(error, url.href);
    }
  }

  [Symbol.dispose](): void {
    this.#lane[Symbol.dispose]();
    this.#client?.close();
  }
}

function laneFile(response: LaneResponse): DriverResponse {
  const { finalUrl, length, etag, lastModified, headers } = response;
  return {
    finalUrl,
    offset: 0,
    length,
    ...(headers === undefined ? {} : { headers }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    whole: (use, heard) => response.readWhole(use, heard),
    read: (sink, room) => response.readInto(sink, room),
    [Symbol.dispose]: () => response[Symbol.dispose](),
  };
}

function statusError({ status, headers }: { status: number; headers: Headers }, url: URL): DownloadError {
  const retryAt = retryAfter(headers.get("retry-after"), Date.now());
  return new DownloadError("http", `${url.host}: HTTP status ${status}`, {
    status,
    host: url.host,
    ...(retryAt === undefined ? {} : { retryAt }),
  });
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
    ...(range === undefined ? {} : { range: `bytes=${range.from}-`, "if-range": range.ifRange }),
    ...(condition?.etag === undefined ? {} : { "if-none-match": condition.etag }),
    ...(condition?.lastModified === undefined ? {} : { "if-modified-since": condition.lastModified }),
  };
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
