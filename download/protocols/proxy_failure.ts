import { bareUrl } from "../../base/bare_url.ts";
import { closeConn } from "../close_conn.ts";
import { DownloadError, networkError } from "../download_error.ts";
import { dial, type LaneDialing } from "./lane_connection.ts";

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };
/** A head of an answer to CONNECT that is longer says nothing that is needed. */
const HEAD = 4096;
const LF = 10;

/** How errors name a proxy: without its user name and password. */
export function proxyName(proxy: string): string {
  return bareUrl(proxy).replace(/\/$/, "");
}

/** A proxy does not let a request pass. Whether the server would is not known. */
export function proxyRefusal(host: string, proxy: string, status: number, asked: string): DownloadError {
  const hint = status === 407 ? ": it wants a user name and password, as in http://USER:PASSWORD@HOST:PORT" : "";
  const message = `${host}: the proxy ${proxyName(proxy)} answers ${asked} with HTTP status ${status}${hint}`;
  return new DownloadError(status === 407 ? "auth" : "network", message, {
    retryable: status !== 403 && status !== 407,
  });
}

/**
 * What a failure of a request through a proxy means. `fetch` does not tell the status of a refused tunnel, so the proxy is asked
 * for it once more.
 *
 * @param error What `fetch` threw.
 * @param url What was asked for.
 * @param proxy The url of the proxy.
 * @param signal Ends the question.
 * @param dialing Certificates to trust.
 */
export async function proxyFailure(
  error: unknown,
  url: URL,
  proxy: string,
  signal: AbortSignal,
  { caCerts }: LaneDialing,
): Promise<DownloadError> {
  const failure = networkError(error, url.href);
  if (signal.aborted || error instanceof DownloadError) return failure;
  const refused = /proxy authentication required/i.test(failure.message)
    ? 407
    : /unsuccessful tunnel/i.test(failure.message)
    ? await tunnelStatus(url, new URL(proxy), signal, caCerts === undefined ? {} : { caCerts }).catch(() => undefined)
    : undefined;
  if (refused !== undefined) return proxyRefusal(url.host, proxy, refused, "CONNECT");
  const { kind, message, retryable, retryAt } = failure;
  const detail = message.startsWith(`${url.host}: `) ? message.slice(url.host.length + 2) : message;
  return new DownloadError(kind, `${url.host}: through the proxy ${proxyName(proxy)}: ${detail}`, {
    retryable,
    ...(retryAt === undefined ? {} : { retryAt }),
    cause: error,
  });
}

/** The status with which a proxy refuses a tunnel; undefined if it grants one now, or makes no sense. */
async function tunnelStatus(
  url: URL,
  proxy: URL,
  signal: AbortSignal,
  dialing: LaneDialing,
): Promise<number | undefined> {
  const defaultPort = DEFAULT_PORTS[proxy.protocol];
  if (defaultPort === undefined) return undefined;
  const hostname = proxy.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(proxy.port) || defaultPort;
  const conn = await dial({ hostname, port, secure: proxy.protocol === "https:" }, signal, dialing);
  const close = () => closeConn(conn);
  signal.addEventListener("abort", close);
  try {
    const target = `${url.hostname}:${url.port || DEFAULT_PORTS[url.protocol]}`;
    const user = [proxy.username, proxy.password].map(decodeURIComponent).join(":");
    const known = user === ":" ? "" : `Proxy-Authorization: Basic ${btoa(user)}\r\n`;
    await conn.write(new TextEncoder().encode(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${known}\r\n`));
    const head = new Uint8Array(HEAD);
    let filled = 0;
    while (filled < HEAD && !head.subarray(0, filled).includes(LF)) {
      const count = await conn.read(head.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    const status = /^HTTP\/1\.[01] ([3-5]\d\d)\b/.exec(new TextDecoder().decode(head.subarray(0, filled)))?.[1];
    return status === undefined ? undefined : Number(status);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}
