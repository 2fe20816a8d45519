import type { HttpIdentity } from "../http_identity.ts";

/**
 * The client that `fetch` works with: proxy, certificates, connections to keep.
 *
 * @param identity Whose requests they are.
 * @param idlePerHost Idle connections to keep for each host.
 * @param http2 Several requests may share a connection, where the server offers that. Default true.
 * @throws {Error} If certificate and key do not fit together, or are none.
 */
export function httpClient(
  { proxy, caCerts, clientCert }: HttpIdentity,
  idlePerHost: number,
  http2 = true,
): Deno.HttpClient {
  return Deno.createHttpClient({
    poolMaxIdlePerHost: idlePerHost,
    http2,
    ...(proxy === undefined ? {} : { proxy: { url: proxy } }),
    ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }),
    ...clientCert,
  });
}
