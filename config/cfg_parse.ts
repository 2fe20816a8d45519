/**
 * Reads the values that people write: durations, sizes, whole numbers, lists of cores. Each returns the value, or a
 * string that says what the text must be.
 *
 * @module
 */
import { resolve, toFileUrl } from "@std/path";
import { parseCoreList } from "../base/parse_core_list.ts";

/** A header of every request. */
export interface CfgHeader {
  /** Its name. */
  readonly name: string;
  /** Its value, often a secret. Empty: none of that name goes out; one blank: it goes out empty. */
  readonly value: string;
}

/** Who fetches the urls of a scheme. */
export interface CfgProtocol {
  /** Such as `ipfs:`. */
  readonly scheme: string;
  /** The module of its driver: a path or a specifier. */
  readonly module: string;
}

/** One of several equal parts. */
export interface CfgShard {
  /** Which one, from 1 on. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
}

/** A value, or what it must be. */
export type Parsed<T> = { value: T } | { must: string };

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds: `0.1`, `30`, `500ms`, `2m`; bare numbers are seconds. */
export function parseDuration(text: string): Parsed<number> {
  const match = DURATION.exec(text.trim());
  if (match === null) return { must: "be a duration such as 0.5, 30, 500ms, 2m or 1h" };
  return { value: Number(match[1]) * DURATION_UNITS[match[2] ?? "s"]! };
}

const SIZE = /^(\d+(?:\.\d+)?)([kmgt])?(?:i?b)?$/i;
const SIZE_UNITS: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** A number of bytes: `500`, `64K`, `1.5M`, `2G`; the units are powers of 1024. */
export function parseSize(text: string): Parsed<number> {
  const match = SIZE.exec(text.trim());
  const value = match === null ? NaN : Math.round(Number(match[1]) * (SIZE_UNITS[match[2]?.toLowerCase() ?? ""] ?? 1));
  return Number.isSafeInteger(value) ? { value } : { must: "be a size such as 500, 64K, 1.5M or 2G" };
}

/** A whole number within a range. */
export function parseInteger(text: string, min: number, max: number): Parsed<number> {
  const must = max === Number.MAX_SAFE_INTEGER
    ? `be a whole number of at least ${min}`
    : `be a whole number from ${min} to ${max}`;
  if (!/^-?\d+$/.test(text.trim())) return { must };
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : { must };
}

/** A switch: `true`, `false`, `1`, `0`, `yes`, `no`. */
export function parseSwitch(text: string): Parsed<boolean> {
  switch (text.trim().toLowerCase()) {
    case "true":
    case "1":
    case "yes":
    case "on":
      return { value: true };
    case "false":
    case "0":
    case "no":
    case "off":
      return { value: false };
    default:
      return { must: "be true or false" };
  }
}

/** A list of cores as taskset takes it: `1-3,6`. */
export function parseCores(text: string): Parsed<number[]> {
  try {
    return { value: parseCoreList(text) };
  } catch {
    return { must: "be a list of cores such as 1-3,6" };
  }
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
/** Headers that say what a connection or a message is. */
const OWN_HEADERS =
  /^(?:accept-encoding|connection|content-length|expect|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** A header: `Name: value`; as in curl, `Name:` sends none of that name, and `Name;` an empty one. */
export function parseHeader(text: string): Parsed<CfgHeader> {
  const colon = text.indexOf(":");
  const empty = colon === -1 && text.endsWith(";");
  const name = text.slice(0, empty ? -1 : Math.max(0, colon));
  const value = empty ? " " : text.slice(colon + 1).trim();
  if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) return { must: "be a header such as 'Name: value'" };
  return OWN_HEADERS.test(name) ? { must: "be a header that is not the client's own" } : { value: { name, value } };
}

/** Text that can be the value of a header. */
export function parseLine(text: string): Parsed<string> {
  const value = text.trim();
  return value !== "" && HEADER_VALUE.test(value) ? { value } : { must: "be one line of text" };
}

/** Text that can be the value of a header, and is a url. */
export function parseReferer(text: string): Parsed<string> {
  const line = parseLine(text);
  return "value" in line && !URL.canParse(line.value) ? { must: "be a url such as https://HOST/PAGE" } : line;
}

/** The url of a proxy: http, https or socks5, with nothing but credentials, host and port. */
export function parseProxy(text: string): Parsed<string> {
  const url = URL.parse(text);
  const known = url !== null && /^(?:https?|socks5h?):$/.test(url.protocol) && url.hostname !== "";
  const bare = known && /^\/?$/.test(url.pathname) && url.search === "" && url.hash === "";
  return bare
    ? { value: text }
    : { must: "be a url such as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT" };
}

/** The address of an S3 server: http or https, with a path at the most. */
export function parseEndpoint(text: string): Parsed<string> {
  const url = URL.parse(text);
  const fine = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.search === "" && url.hash === "";
  return fine ? { value: text.replace(/\/+$/, "") } : { must: "be a url such as https://HOST:PORT" };
}

/** A scheme and the module of its driver: `ipfs:=./ipfs_driver.ts`. */
export function parseProtocol(text: string): Parsed<CfgProtocol> {
  const match = /^([a-z][a-z0-9+.-]*:)=(.+)$/.exec(text);
  if (match === null) return { must: "be SCHEME:=MODULE such as ipfs:=./ipfs_driver.ts" };
  const [, scheme, module] = match as unknown as [string, string, string];
  return {
    value: {
      scheme,
      module: URL.canParse(module) && !/^[a-z]:[\\/]/i.test(module) ? module : toFileUrl(resolve(module)).href,
    },
  };
}

/** A server: `example.org:8080`, `[::1]:80`. The host comes back as urls spell it. */
export function parseHostPort(text: string): Parsed<string> {
  const port = Number(/^(?:\[[^\]]*\]|[^\s:/?#@\\]+):(\d{1,5})$/.exec(text)?.[1]);
  const url = URL.parse(`http://${text}/`);
  if (url === null || !(port >= 1 && port <= 65_535)) return { must: "be HOST:PORT such as 10.0.0.1:8080 or [::1]:80" };
  return { value: `${url.hostname}:${port}` };
}

/** One of several equal parts, `2/5`. */
export function parseShard(text: string): Parsed<CfgShard> {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  const isPart = shard.index >= 1 && shard.index <= shard.of;
  return isPart ? { value: shard } : { must: "be the number of a part and how many there are, such as 2/5" };
}

/** Columns by the fields that they hold: `out=name,checksum=sha256`. */
export function parseColumns(text: string): Parsed<Readonly<Record<string, string>>> {
  const columns = splitColumns(text).map((part) => /^\s*([a-z][\w:-]*)\s*=\s*(.*\S)\s*$/i.exec(part)?.slice(1));
  const fields = new Set(columns.map((column) => column?.[0]));
  return columns.every((column) => column !== undefined) && fields.size === columns.length
    ? { value: Object.fromEntries(columns) }
    : { must: "be FIELD=COLUMN such as out=name,checksum=sha256, each field once" };
}

/** Each FIELD=COLUMN of a text; a comma within the name of a column separates nothing. */
export function splitColumns(text: string): string[] {
  return text.split(/,(?=\s*[a-z][\w:-]*\s*=)/i);
}
