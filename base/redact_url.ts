/**
 * A url without the user name and password in it: the only form that a log, an event or an error may show.
 *
 * @param url Any url.
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
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i, "$1");
}
