/** What may come before the root of a document. */
const BEFORE = /^(?:[\s\ufeff]+|<\?[^]*?\?>|<!--[^]*?-->|<!DOCTYPE[^[>]*(?:\[[^\]]*\]\s*)?>)/;

/**
 * The name of the root of an XML document, without its prefix.
 *
 * @param start The beginning of the document.
 * @returns The name; `undefined` if it is not there yet.
 */
export function xmlRoot(start: string): string | undefined {
  let rest = start;
  for (let match = BEFORE.exec(rest); match !== null; match = BEFORE.exec(rest)) rest = rest.slice(match[0].length);
  return /^<(?:[\w.-]+:)?([\p{L}_][\p{L}\d._-]*)[\s/>]/u.exec(rest)?.[1];
}
