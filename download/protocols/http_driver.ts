import { redactUrl } from "../../base/redact_url.ts";
import { DownloadError, networkError } from "../download_error.ts";
import type { DownloadDriver, DriverRequest, DriverResponse } from "../download_driver.ts";
import { retryAfter } from "../retry_after.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const DECODERS: ReadonlyMap<string, CompressionFormat> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);
const USER_AGENT = "corehaul/0.1.0";

/** How {@linkcode HttpDriver} connects. */
export interface HttpDriverOptions {
  /** Idle connections to keep for each host. */
  idlePerHost: number;
}

/** Fetches http and https urls with the runtime's own `fetch`. */
export class HttpDriver implements DownloadDriver {
  readonly schemes = ["http:", "https:"];
  readonly #client: Deno.HttpClient;

  constructor(options: HttpDriverOptions) {
    this.#client = Deno.createHttpClient({ poolMaxIdlePerHost: options.idlePerHost });
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    let url = new URL(request.url);
    // Headers stay at home: once another origin was asked, not even a way back brings them out again.
    let headers = request.headers;
    for (let hops = 0;; hops++) {
      const response = await this.#fetch(url, headers, request.signal);
      if (!REDIRECTS.has(response.status)) return describe(response, url);
      await response.body?.cancel();
      if (hops >= request.maxRedirects) {
        throw new DownloadError("redirect", `${url.host}: more than ${request.maxRedirects} redirects`);
      }
      const target = this.#target(response, url);
      if (target.origin !== url.origin) headers = {};
      url = target;
    }
  }

  /** Redirects are followed by hand: `fetch` itself would carry custom headers to other origins. */
  #target(response: Response, from: URL): URL {
    const location = response.headers.get("location");
    if (location === null) {
      throw new DownloadError("redirect", `${from.host}: status ${response.status} without a Location`, {
        status: response.status,
      });
    }
    const target = URL.parse(location, from);
    if (target === null || !this.schemes.includes(target.protocol)) {
      const shown = redactUrl(location).slice(0, 200);
      throw new DownloadError("redirect", `${from.host}: redirected to "${shown}", which is not http or https`);
    }
    return target;
  }

  async #fetch(url: URL, extra: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    try {
      const headers = new Headers({ "user-agent": USER_AGENT, ...extra });
      // fetch asks for gzip by itself, and then hides the length.
      headers.set("accept-encoding", "identity");
      return await fetch(url, { client: this.#client, redirect: "manual", headers, signal });
    } catch (error) {
      throw networkError(error, url.href);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

async function describe(response: Response, url: URL): Promise<DriverResponse> {
  if (response.status !== 200) {
    await response.body?.cancel();
    const retryAt = retryAfter(response.headers.get("retry-after"), Date.now());
    throw new DownloadError("http", `${url.host}: HTTP status ${response.status}`, {
      status: response.status,
      ...(retryAt === undefined ? {} : { retryAt }),
    });
  }
  const length = contentLength(response.headers);
  const etag = response.headers.get("etag");
  const lastModified = response.headers.get("last-modified");
  return {
    finalUrl: url.href,
    ...(length === undefined ? {} : { length }),
    ...(etag === null ? {} : { etag }),
    ...(lastModified === null ? {} : { lastModified }),
    ...bodyOf(response, url),
  };
}

type Body = Pick<DriverResponse, "body" | "bytes">;

/** The body as it was before the server encoded it, which some do although they were asked not to. */
function bodyOf(response: Response, url: URL): Body {
  const body = response.body as ReadableStream<Uint8Array<ArrayBuffer>> | null;
  const encoding = response.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (body === null || encoding === "identity") return { body, bytes: () => response.bytes() };
  const format = DECODERS.get(encoding);
  if (format === undefined) {
    body.cancel().catch(() => {});
    throw new DownloadError("protocol", `${url.host}: content encoding "${encoding}" cannot be decoded`);
  }
  const decoded = body.pipeThrough(new DecompressionStream(format));
  return { body: decoded, bytes: () => new Response(decoded).bytes() };
}

/** The length of what will be read; unknown if the server encodes the body all the same. */
function contentLength(headers: Headers): number | undefined {
  if (headers.has("content-encoding")) return undefined;
  const value = headers.get("content-length");
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
