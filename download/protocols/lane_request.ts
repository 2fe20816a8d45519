/** A server as the lane sees it: an origin, and the text that each request to it ends with. */
export interface LaneHost {
  /** The origin. */
  readonly key: string;
  /** The host and, unless it is the usual one, the port. */
  readonly name: string;
  /** True for https. */
  readonly secure: boolean;
  /** What to connect to, without brackets. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /** What follows the path in a request without headers of its own. */
  readonly tail: string;
}

/** Longer requests are left to `fetch`; one of this size fits into any socket at once. */
const REQUEST_LIMIT = 8 * 1024;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
/** Headers that change what a connection or a message is. */
const REFUSED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const DEFAULTS: Readonly<Record<string, string>> = {
  "user-agent": "User-Agent: corehaul/0.1.0\r\n",
  accept: "Accept: */*\r\n",
};

/** The origin part of a url, userinfo and all: what the path, which follows, is cut from. */
export function laneOrigin(href: string): string {
  return href.slice(0, href.indexOf("/", "https://".length));
}

/**
 * The server of a url.
 *
 * @returns Undefined if the lane does not go there.
 */
export function laneHost(url: URL): LaneHost | undefined {
  const secure = url.protocol === "https:";
  if ((!secure && url.protocol !== "http:") || url.username !== "" || url.password !== "") return undefined;
  // A name with a dot at its end is not one that certificates have.
  if (secure && url.hostname.endsWith(".")) return undefined;
  return {
    key: url.origin,
    name: url.host,
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    tail: tailOf(url.host, Object.values(DEFAULTS)),
  };
}

/**
 * The request for a url.
 *
 * @param host Its server.
 * @param href The url.
 * @param headers The headers of the task; they take the place of the ones that all requests have. One with an empty value does not
 * go out.
 * @returns The request, in ASCII; undefined if the lane does not send it.
 */
export function laneRequest(
  host: LaneHost,
  href: string,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const hash = href.indexOf("#");
  const path = href.slice(host.key.length, hash === -1 ? undefined : hash);
  const tail = hasAny(headers) ? tailWith(host, headers) : host.tail;
  if (tail === undefined || path.length + tail.length > REQUEST_LIMIT) return undefined;
  return `GET ${path}${tail}`;
}

function hasAny(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) if (Object.hasOwn(headers, name)) return true;
  return false;
}

function tailWith(host: LaneHost, headers: Readonly<Record<string, string>>): string | undefined {
  const lines = new Map(Object.entries(DEFAULTS));
  const own = new Set<string>();
  for (const [name, text] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const value = text.replace(/^[\t ]+|[\t ]+$/g, "");
    if (!NAME.test(name) || !VALUE.test(value) || REFUSED.has(lower) || own.has(lower)) return undefined;
    own.add(lower);
    if (text === "") {
      lines.delete(lower);
      continue;
    }
    // The file is wanted as it is, whatever the task says.
    if (lower !== "accept-encoding") lines.set(lower, `${name}: ${value}\r\n`);
  }
  return tailOf(host.name, lines.values());
}

function tailOf(name: string, lines: Iterable<string>): string {
  const middle = [...lines].join("");
  return ` HTTP/1.1\r\nHost: ${name}\r\n${middle}Accept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n`;
}
