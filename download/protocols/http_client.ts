import type { HttpIdentity } from "../http_identity.ts";

/** How a client of `fetch` connects. */
export interface HttpClientOptions {
  /** The url of the proxy. Default: what the runtime finds in the environment. */
  proxy?: string | undefined;
  /** Idle connections to keep for each host. Default 1. */
  idlePerHost?: number;
  /** Several requests may share a connection, where the server offers that. Default true. */
  http2?: boolean;
}

/**
 * The client that `fetch` works with: proxy, certificates, connections to keep.
 *
 * @param identity Whose requests they are.
 * @param options How it connects.
 * @throws {Error} If certificate and key do not fit together, or are none.
 */
export function httpClient(
  { caCerts, clientCert }: Pick<HttpIdentity, "caCerts" | "clientCert">,
  { proxy, idlePerHost = 1, http2 = true }: HttpClientOptions = {},
): Deno.HttpClient {
  return Deno.createHttpClient({
    poolMaxIdlePerHost: idlePerHost,
    http2,
    ...(proxy === undefined ? {} : { proxy: { url: proxy } }),
    ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }),
    ...clientCert,
  });
}
