/**
 * The cookies of one run: from a cookies.txt, and from what servers set.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { canonicalDomain, Cookie, CookieJar as Jar, type CreateCookieOptions } from "tough-cookie";

interface FileCookie {
  options: CreateCookieOptions;
  /** A url that may set it. */
  url: URL;
}

const HTTP_ONLY = "#HttpOnly_";
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([["true", true], ["1", true], ["false", false], ["0", false]]);
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
   * Adds the cookies of a file in the format of Netscape, which browsers, curl and Python export: seven fields with tabs
   * between them, namely domain, TRUE if subdomains get it too, path, TRUE if it is for https only, expiry in seconds
   * since the epoch, name, value. `#HttpOnly_` may stand before the domain; empty lines and other lines with `#` in front do
   * not count. As programs write it, 1 and 0 may stand for TRUE and FALSE; an expiry of 0, of less, or of nothing is the end of
   * the run; a value may have tabs, or be missing; a cookie without a name is sent as its value. A cookie for all of a public
   * suffix, such as `.github.io`, is for that host alone.
   *
   * @param text The whole file.
   * @returns The numbers, from 1, of the lines that are none of that, or whose cookie contradicts its `__Host-` or `__Secure-`:
   * they were passed over.
   */
  loadNetscapeCookies(text: string): number[] {
    const passedOver: number[] = [];
    for (const [index, raw] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
      const httpOnly = raw.startsWith(HTTP_ONLY);
      const content = httpOnly ? raw.slice(HTTP_ONLY.length) : raw;
      if (content.trim() === "" || (!httpOnly && raw.startsWith("#"))) continue;
      const found = parseLine(content, httpOnly);
      if (found === undefined || !this.#addOfFile(found)) passedOver.push(index + 1);
    }
    return passedOver;
  }

  #addOfFile({ options, url }: FileCookie): boolean {
    return this.#add(new Cookie(options), url) || this.#add(new Cookie({ ...options, domain: null }), url);
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
    return parsed === null ? undefined : this.#jar.getCookieStringSync(asWritten(parsed)) || undefined;
  }

  /**
   * Takes the cookies that an answer sets. Those that are malformed, too long or not the server's to set are ignored.
   *
   * @param setCookieLines The values of its `Set-Cookie` headers, as `Headers.getSetCookie()` has them.
   * @param url The url that was asked for.
   */
  store(setCookieLines: readonly string[], url: string): void {
    const asked = URL.parse(url);
    if (asked === null) return;
    const parsed = asWritten(asked);
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

  /** Adds a cookie; false if the library refuses it. */
  #add(cookie: Cookie, url: URL): boolean {
    if (this.#jar.setCookieSync(cookie, url, { ignoreError: true }) === undefined) return false;
    const cookies = this.#jar.getCookiesSync(url, { allPaths: true });
    if (cookies.length <= MAX_COOKIES_PER_HOST) return true;
    cookies.sort((a, b) => a.creationIndex - b.creationIndex);
    for (const { domain, path, key } of cookies.slice(0, -MAX_COOKIES_PER_HOST)) {
      this.#jar.store.removeCookie(domain, path, key, () => {});
    }
    return true;
  }
}

/** The library undoes escapes in the path of a url, but not in that of a cookie: twice escaped, they are as they were. */
function asWritten(url: URL): URL {
  if (!url.pathname.includes("%")) return url;
  const twice = new URL(url);
  twice.pathname = url.pathname.replaceAll("%", "%25");
  return twice;
}

/** Reads a line; undefined if it has no cookie. */
function parseLine(text: string, httpOnly: boolean): FileCookie | undefined {
  const [domain = "", subdomains = "", path = "", secure = "", expiry, name, ...values] = text.split("\t");
  if (expiry === undefined || name === undefined) return undefined;
  const value = values.join("\t");
  const host = domain.replace(/^\./, "");
  const url = URL.parse(`https://${host}/`);
  if (url === null || host.startsWith("/") || url.href !== `https://${url.hostname}/`) return undefined;
  const [forSubdomains, isSecure] = [BOOLEANS.get(subdomains.toLowerCase()), BOOLEANS.get(secure.toLowerCase())];
  if (forSubdomains === undefined || isSecure === undefined || !path.startsWith("/")) return undefined;
  if (!/^(?:-?\d+(?:\.\d+)?(?:e\+?\d+)?)?$/i.test(expiry)) return undefined;
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (!/^[^\u0000-\u0020\u007f;=]*$/.test(name) || !/^[^\u0000-\u0008\u000a-\u001f\u007f;]*$/.test(value)) {
    return undefined;
  }
  if (name === "" && value === "") return undefined;
  const options = {
    key: toBytes(name),
    value: toBytes(value),
    domain: forSubdomains ? canonicalDomain(url.hostname) ?? null : null,
    path,
    secure: isSecure,
    httpOnly,
    expires: Number(expiry) <= 0 ? "Infinity" as const : toExpiry(Number(expiry) * 1000),
  };
  return { options, url };
}

function toExpiry(ms: number): Date | "Infinity" {
  return ms > MAX_DATE_MS ? "Infinity" : new Date(ms);
}

/** A header has bytes, one character for each. */
function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
