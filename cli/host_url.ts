/** A host or an address, a port, and anything that can stand behind it; nothing that is a login. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[\p{L}\p{N}][\p{L}\p{N}._-]*)(?::(\d{1,5}))?(?:[/?#].*)?$/iu;

/**
 * The url that is meant by a host without a scheme, as curl has it: `example.org/a` is `http://example.org/a`.
 *
 * @param word What was typed.
 * @param schemes The schemes that there are, with their colons: a word that begins with one of them is a url as it stands.
 * @returns The url; `undefined` if the word is a url, or nothing that can be a host.
 *
 * @example
 * ```ts
 * import { hostUrl } from "./host_url.ts";
 *
 * hostUrl("localhost:8000/x", new Set(["http:", "data:"])); // "http://localhost:8000/x"
 * hostUrl("data:,x", new Set(["http:", "data:"])); // undefined
 * ```
 */
export function hostUrl(word: string, schemes: ReadonlySet<string>): string | undefined {
  const [scheme] = /^[a-z][a-z0-9+.-]*:/i.exec(word) ?? [];
  if (scheme !== undefined && (schemes.has(scheme.toLowerCase()) || word.startsWith("//", scheme.length))) {
    return undefined;
  }
  const match = HOST.exec(word);
  if (match === null || Number(match[1] ?? 1) > 65_535) return undefined;
  const url = `http://${word}`;
  return URL.canParse(url) ? url : undefined;
}
