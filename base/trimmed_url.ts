// deno-lint-ignore no-control-regex -- control characters are what it looks for
const BLANK = /[\u0000-\u0020]/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const AROUND = /^[\u0000-\u0020]+|[\u0000-\u0020]+$/g;

/**
 * A url without what the URL standard leaves out around it: blanks and control characters.
 *
 * @param url The url.
 *
 * @example
 * ```ts
 * import { trimmedUrl } from "./trimmed_url.ts";
 *
 * trimmedUrl(" http://example.org/a\n"); // "http://example.org/a"
 * ```
 */
export function trimmedUrl(url: string): string {
  return BLANK.test(url) ? url.replace(AROUND, "") : url;
}
