import { type IncomingMessage, request } from "node:http";
import { Duplex, Readable } from "node:stream";
import { DownloadError } from "../download_error.ts";
import type { LookupWatch } from "../name_lookups.ts";
import { HEAD_LIMIT } from "./http_head.ts";
import { dial, type LaneDialing } from "./lane_connection.ts";
import { laneHost } from "./lane_request.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** Answers without a body, whatever they announce. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Asks as `fetch` does, but over a connection that the caller makes: `fetch` itself looks names up once more, and could
 * be led to another address than the one that was looked at; and it refuses the ports that browsers block. One request a connection; redirects are not followed.
 *
 * @param url Where to, without user name and password.
 * @param headers The headers.
 * @param signal Ends the request and the body.
 * @param dialing How the connection comes about.
 * @param watch Told while the name is looked up. Default: nobody is.
 * @throws {DownloadError} If the answer is malformed, or whatever `dialing` throws; an abort throws its reason.
 */
export async function dialedFetch(
  url: URL,
  headers: Headers,
  signal: AbortSignal,
  dialing: LaneDialing,
  watch?: LookupWatch,
): Promise<Response> {
  const host = laneHost(url);
  if (host === undefined) {
    throw new DownloadError("unsupported", `${url.host}: cannot be asked over a connection of its own`);
  }
  const conn = await dial(host, signal, dialing, watch);
  const message = await unlessAborted(ask(conn, url, headers, signal), signal);
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) {
    message.destroy();
    throw new DownloadError("protocol", `${url.host}: status ${status}`);
  }
  const answered = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    answered.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  // By itself the body would only say that it was aborted, not why.
  const abort = () => message.destroy(signal.reason);
  signal.addEventListener("abort", abort);
  message.once("close", () => signal.removeEventListener("abort", abort));
  if (BODILESS.has(status)) message.destroy();
  const body = BODILESS.has(status) ? null : Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Response(body, { status, headers: answered });
}

function ask(conn: Deno.Conn, url: URL, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const socket = Duplex.fromWeb({ readable: conn.readable, writable: conn.writable });
  const asking = request({
    createConnection: () => socket,
    // Should the connection above ever be passed over, nothing else may be dialled.
    lookup: (_host, _options, done) => done(new Error("no other connection may be made"), "", 4),
    host: url.hostname,
    path: `${url.pathname}${url.search}`,
    headers: { ...Object.fromEntries(headers), host: url.host, connection: "close" },
    maxHeaderSize: HEAD_LIMIT,
    signal,
  }, resolve);
  asking.maxHeadersCount = 0;
  asking.on("error", reject);
  // Nobody asked for another protocol; what has the connection then is no request any more, and has no end of its own.
  asking.on("upgrade", (message) => {
    resolve(message);
    asking.destroy();
    socket.destroy();
  });
  asking.on("close", () => {
    reject(new Error("connection closed before an answer came"));
    socket.destroy();
    try {
      conn.close();
    } catch {
      // Its streams have closed it.
    }
  });
  asking.end();
  return promise;
}
