/**
 * The cookies of one run: from a cookies.txt, and from what servers set.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { canonicalDomain, Cookie, CookieJar as Jar, type CreateCookieOptions } from "tough-cookie";

/** A cookies.txt that cannot be read. The message has nothing of the file, for cookies are secret. */
export class CookieFileError extends SyntaxError {
  /** Always `"cookie_file"`. */
  readonly code = "cookie_file";
  /** Where, counted from 1. */
  readonly line: number;

  /**
   * Says what is wrong, and where.
   *
   * @param must What the line must be or have.
   * @param line Counted from 1.
   */
  constructor(must: string, line: number) {
    super(`Cannot read line ${line} of the cookie file as it must ${must}`);
    this.name = "CookieFileError";
    this.line = line;
  }
}

interface FileCookie {
  options: CreateCookieOptions;
  /** A url that may set it. */
  url: URL;
}

const HTTP_ONLY = "#HttpOnly_";
const MAX_DATE_MS = 8.64e15;
const MAX_COOKIE_BYTES = 4096;
const MAX_COOKIES_PER_HOST = 180;

/**
 * Keeps cookies in memory and gives each request its own (RFC 6265): who may set and get which cookie is decided by
 * domain, path, Secure, expiry and the public suffix list. SameSite does not count, as no page asks for a download. Of
 * one host it keeps 180 cookies, the newest, of up to 4096 bytes each.
 *
 * @example
 * ```ts
 * import { CookieJar } from "./cookie_jar.ts";
 *
 * const jar = new CookieJar();
 * jar.store(["sid=1; Path=/; Secure"], "https://example.org/login");
 * jar.cookieHeader("https://example.org/file"); // "sid=1"
 * jar.cookieHeader("https://example.net/file"); // undefined
 * ```
 */
export class CookieJar {
  readonly #jar = new Jar();

  /**
   * Adds the cookies of a file in the format of Netscape, which browsers and curl export: seven fields with tabs
   * between them, namely domain, TRUE if subdomains get it too, path, TRUE if it is for https only, expiry in seconds
   * since the epoch or 0 for the whole run, name, value. `#HttpOnly_` may stand before the domain; empty lines and other
   * lines with `#` in front do not count.
   *
   * @param text The whole file.
   * @throws {CookieFileError} At the first line that is none of that, or has a cookie for a whole public suffix or one
   * that contradicts its `__Host-` or `__Secure-`. Then nothing was added.
   */
  loadNetscapeCookies(text: string): void {
    const found: FileCookie[] = [];
    const trial = new Jar();
    for (const [index, raw] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
      const httpOnly = raw.startsWith(HTTP_ONLY);
      const content = httpOnly ? raw.slice(HTTP_ONLY.length) : raw;
      if (content.trim() === "" || (!httpOnly && raw.startsWith("#"))) continue;
      const cookie = parseLine(content, httpOnly, index + 1);
      if (!isTaken(trial, new Cookie(cookie.options), cookie.url)) {
        throw new CookieFileError("have a cookie that its domain may set", index + 1);
      }
      found.push(cookie);
    }
    for (const { options, url } of found) this.#add(new Cookie(options), url);
  }

  /**
   * The cookies for a request.
   *
   * @param url The url that is asked for.
   * @returns The value of the `Cookie` header, one character for each byte; `undefined` if there are no cookies, or the
   * url is none.
   */
  cookieHeader(url: string): string | undefined {
    const parsed = URL.parse(url);
    return parsed === null ? undefined : this.#jar.getCookieStringSync(parsed) || undefined;
  }

  /**
   * Takes the cookies that an answer sets. Those that are malformed, too long or not the server's to set are ignored.
   *
   * @param setCookieLines The values of its `Set-Cookie` headers, as `Headers.getSetCookie()` has them.
   * @param url The url that was asked for.
   */
  store(setCookieLines: readonly string[], url: string): void {
    const parsed = URL.parse(url);
    if (parsed === null) return;
    for (const line of setCookieLines) {
      const cookie = Cookie.parse(line);
      if (cookie === undefined || cookie.key.length + cookie.value.length > MAX_COOKIE_BYTES) continue;
      if (typeof cookie.maxAge === "number") {
        // The library counts Max-Age from the last use: a cookie in use would never expire.
        const expiresMs = cookie.maxAge <= 0 ? 0 : Date.now() + cookie.maxAge * 1000;
        cookie.expires = toExpiry(expiresMs);
        cookie.maxAge = null;
      }
      this.#add(cookie, parsed);
    }
  }

  #add(cookie: Cookie, url: URL): void {
    if (!isTaken(this.#jar, cookie, url)) return;
    const cookies = this.#jar.getCookiesSync(url, { allPaths: true });
    if (cookies.length <= MAX_COOKIES_PER_HOST) return;
    cookies.sort((a, b) => a.creationIndex - b.creationIndex);
    for (const { domain, path, key } of cookies.slice(0, -MAX_COOKIES_PER_HOST)) {
      this.#jar.store.removeCookie(domain, path, key, () => {});
    }
  }
}

/** Gives the cookie to the jar; false if the library refuses it. */
function isTaken(jar: Jar, cookie: Cookie, url: URL): boolean {
  return jar.setCookieSync(cookie, url, { ignoreError: true }) !== undefined;
}

function parseLine(text: string, httpOnly: boolean, line: number): FileCookie {
  const fields = text.split("\t");
  if (fields.length !== 7) throw new CookieFileError("have 7 fields with tabs between them", line);
  const [domain = "", subdomains = "", path = "", secure = "", expiry = "", name = "", value = ""] = fields;
  const host = domain.replace(/^\./, "");
  const url = URL.parse(`https://${host}/`);
  if (url === null || host.startsWith("/") || url.href !== `https://${url.hostname}/`) {
    throw new CookieFileError("have a host in field 1", line);
  }
  const forSubdomains = parseBoolean(subdomains, 2, line);
  if (!path.startsWith("/")) throw new CookieFileError("have a path that begins with / in field 3", line);
  const isSecure = parseBoolean(secure, 4, line);
  if (!/^\d+(?:\.\d+)?$/.test(expiry)) {
    throw new CookieFileError("have seconds since the epoch, or 0, in field 5", line);
  }
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (!/^[^\u0000-\u0020\u007f;=]+$/.test(name)) {
    throw new CookieFileError("have the name of a cookie in field 6", line);
  }
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (!/^[^\u0000-\u001f\u007f;]*$/.test(value)) {
    throw new CookieFileError("have the value of a cookie in field 7", line);
  }
  const options = {
    key: toBytes(name),
    value: toBytes(value),
    domain: forSubdomains ? canonicalDomain(url.hostname) ?? null : null,
    path,
    secure: isSecure,
    httpOnly,
    expires: Number(expiry) === 0 ? "Infinity" : toExpiry(Number(expiry) * 1000),
  };
  return { options, url };
}

function parseBoolean(text: string, field: number, line: number): boolean {
  if (!/^(?:true|false)$/i.test(text)) throw new CookieFileError(`have TRUE or FALSE in field ${field}`, line);
  return text.toLowerCase() === "true";
}

function toExpiry(ms: number): Date | "Infinity" {
  return ms > MAX_DATE_MS ? "Infinity" : new Date(ms);
}

/** A header has bytes, one character for each. */
function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
