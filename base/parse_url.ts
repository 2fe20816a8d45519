/** In urls of these, `?` and `#` are letters: their servers know paths and nothing else. */
const PATHS_ONLY: ReadonlySet<string> = new Set(["ftp:", "ftps:", "ftpes:", "sftp:", "s3:"]);
const VERSION = /\?versionId=[^?#&/]*$/;

/**
 * Parses a url as its scheme means it. FTP, SFTP and S3 have neither query nor fragment: `?` and `#` belong to the path, which
 * has them percent-encoded then. Of S3, `?versionId=…` at the very end is a query all the same; a file that is called so is
 * written with `%3F`.
 *
 * @param url Any url.
 * @returns Its parts; null if it is no url.
 *
 * @example
 * ```ts
 * import { parseUrl } from "./parse_url.ts";
 *
 * parseUrl("ftp://example.org/what?#1.txt")?.pathname; // "/what%3F%231.txt"
 * parseUrl("s3://bucket/what?.txt?versionId=3")?.search; // "?versionId=3"
 * ```
 */
export function parseUrl(url: string): URL | null {
  const parsed = URL.parse(url);
  if (parsed === null || !PATHS_ONLY.has(parsed.protocol)) return parsed;
  const [, start, tail] = /^([a-z0-9]+:\/\/[^/?#]*)(.*)$/.exec(parsed.href) ?? [];
  if (start === undefined || tail === undefined || /^\/[^?#]*$/.test(tail)) return parsed;
  const query = parsed.protocol === "s3:" ? VERSION.exec(tail)?.[0] ?? "" : "";
  const path = tail.slice(0, tail.length - query.length).replaceAll("?", "%3F").replaceAll("#", "%23");
  return URL.parse(`${start}${path.startsWith("/") ? "" : "/"}${path}${query}`);
}
