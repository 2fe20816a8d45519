import { redactUrl } from "./redact_url.ts";

/**
 * A url without user name, password, query and fragment: the form to show where the query may be a key.
 *
 * @param url Any url.
 * @returns The same, as far as its path.
 *
 * @example
 * ```ts
 * import { bareUrl } from "./bare_url.ts";
 *
 * bareUrl("https://me:secret@example.org/a?signature=secret"); // "https://example.org/a"
 * ```
 */
export function bareUrl(url: string): string {
  return redactUrl(url).replace(/[?#].*$/s, "");
}
