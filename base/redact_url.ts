/** The usual form: what may stand before the host is plain to see, and nothing behind it is part of that. */
const USUAL =
  /^([a-z][a-z0-9+.-]*:\/\/)(?:(?![/\\\t\r\n])[^/?#\\]*@)?((?:[\w.\u0080-\uffff-]+|\[[\da-f:.]+\])(?::(?:\d{1,4}|[1-5]\d{4}))?(?:[/?#]|$))/i;
/** A url without a host: a name and a password seem to be meant. */
const HOSTLESS = /^([a-z][a-z0-9+.-]*:[/\\]+)?[^/?#\\]*@/i;
/** Nobody knows where the path of what is no url begins. */
const NO_URL = /^((?:[a-z][a-z0-9+.-]*:)?[/\\]+)?.*@/is;

/**
 * A url without the user name and password in it: the only form that a log, an event or an error may show.
 *
 * @param url Any url, written in whatever way.
 * @returns The same without its userinfo; a text that is no url comes back with everything before an `@` hidden.
 *
 * @example
 * ```ts
 * import { redactUrl } from "./redact_url.ts";
 *
 * redactUrl("https://me:secret@example.org/a"); // "https://example.org/a"
 * ```
 */
export function redactUrl(url: string): string {
  if (!url.includes("@")) return url;
  if (USUAL.test(url)) return url.replace(USUAL, "$1$2");
  // Who fetches it goes by the rules of a url, which take far more forms.
  const parsed = URL.parse(url);
  if (parsed === null) return url.replace(NO_URL, "$1");
  if (parsed.protocol === "file:") return url;
  if (parsed.host === "") return url.replace(parsed.pathname.startsWith("/") ? HOSTLESS : NO_URL, "$1");
  if (parsed.username === "" && parsed.password === "") return url;
  parsed.username = "";
  parsed.password = "";
  return parsed.href;
}
