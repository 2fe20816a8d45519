import { DownloadError } from "../download_error.ts";
import { rateLimitReset } from "../rate_limit_reset.ts";
import { retryAfter } from "../retry_after.ts";
import { proxyName, proxyRefusal } from "./proxy_failure.ts";

/**
 * What an answer means that is neither a file nor a redirect.
 *
 * @param answer Its status and fields.
 * @param url What was asked for.
 * @param proxy The url of the proxy that the answer came through, if there was one.
 */
export function statusError(
  { status, headers }: { status: number; headers: Headers },
  url: URL,
  proxy: string | undefined,
): DownloadError {
  if (status < 200) {
    return new DownloadError("protocol", `${url.host}: the server changes the protocol (HTTP status ${status})`);
  }
  // A tunnel brings answers of the server only.
  const between = url.protocol === "http:" ? proxy : undefined;
  if (status === 407 && between !== undefined) return proxyRefusal(url.host, between, status, "GET");
  const through = between === undefined ? "" : `, through the proxy ${proxyName(between)}`;
  const now = Date.now();
  const retryAt = retryAfter(headers.get("retry-after"), now) ?? rateLimitReset(status, headers, now);
  return new DownloadError("http", `${url.host}: HTTP status ${status}${through}`, {
    status,
    host: url.host,
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}
