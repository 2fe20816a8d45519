import { decodeEncodedWords } from "./encoded_words.ts";
import { decodeCharset, fieldText, unescapePercent } from "./field_text.ts";

/** A name before the next `=`, `;` or `,`; nothing follows a name alone. */
const NAME = /[\t ]*([^;,=]*)(=[\t ]*)?/y;
/** A quoted string from its first quote, which may never close. */
const QUOTED = /"((?:[^"\\]|\\[^])*)/y;
/** Anything up to the next parameter. A comma belongs to it, unless it joins a further field to this one. */
const PLAIN = /(?:[^;,]|,(?![\t ]*(?:(?:attachment|inline|form-data)[\t ]*(?:[;,]|$)|filename\*?[\t ]*=)))*/yi;
const REST = /[^;,]*[;,]?/y;
const WORD = /[^\t ]+$/;
const SECTION = /^filename\*(0|[1-9]\d{0,2})(\*?)$/;
const EXTENDED = /^([^']*)'[^']*'(.*)$/s;
// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/**
 * The file name in a Content-Disposition (RFC 6266), read as browsers do: whatever the field says beside, and however it
 * says it. `filename*` (RFC 8187) wins over a name in parts (RFC 2231, `filename*0`), and that over `filename`, whose bytes
 * are read as UTF-8 if they are that, and as ISO-8859-1 else. Encoded words of mail (RFC 2047) are decoded in it, and percent
 * signs if each begins an escape and the result is UTF-8. A `filename*` that breaks its rules counts if it can be read and
 * nothing else gives a name. The type does not matter.
 *
 * @param field The value of the field, one character a byte; several fields with `, ` between them.
 * @returns The name as it was given, which may be anything and anywhere, so that it is not safe yet; undefined if there is
 * none, or if one parameter has two values.
 *
 * @example
 * ```ts
 * import { dispositionName } from "./content_disposition.ts";
 *
 * dispositionName(`attachment; filename="a \\"b\\".txt"`); // 'a "b".txt'
 * dispositionName("attachment; filename=e.txt; filename*=UTF-8''%e2%82%ac.txt"); // "€.txt"
 * dispositionName("attachment; filename=a b.txt"); // "a b.txt"
 * ```
 */
export function dispositionName(field: string): string | undefined {
  const found = nameParameters(field);
  if (found === undefined) return undefined;
  const { plain, extended, sections } = found;
  return (extended?.quoted === false ? decodeExtended(extended.value, true) : undefined) ||
    joinSections(sections) ||
    (plain === undefined ? undefined : decodePlain(plain.value)) ||
    (extended === undefined ? undefined : decodeExtended(extended.value, false)) || undefined;
}

interface Value {
  value: string;
  quoted: boolean;
}

interface NameParameters {
  plain?: Value;
  extended?: Value;
  /** The parts of a name, by their numbers. */
  sections: Map<number, { value: string; encoded: boolean }>;
}

/** The parameters that give a name; undefined if two of them contradict each other. */
function nameParameters(field: string): NameParameters | undefined {
  const found: NameParameters = { sections: new Map() };
  for (let at = 0; at < field.length;) {
    NAME.lastIndex = at;
    const [, before = "", equals] = NAME.exec(field)!;
    at = NAME.lastIndex;
    if (equals === undefined) {
      at++;
      continue;
    }
    const value = readValue(field, at);
    REST.lastIndex = value.end;
    REST.exec(field);
    at = REST.lastIndex;
    // Without a semicolon after it, the type stands there, too.
    const name = WORD.exec(before.trimEnd())?.[0].toLowerCase();
    if (name?.startsWith("filename") && !note(found, name, value)) return undefined;
  }
  return found;
}

function readValue(field: string, at: number): Value & { end: number } {
  QUOTED.lastIndex = at;
  const inside = QUOTED.exec(field)?.[1];
  // A backslash before anything else is one of a path of Windows.
  if (inside !== undefined) return { value: inside.replace(/\\(["\\])/g, "$1"), quoted: true, end: QUOTED.lastIndex };
  PLAIN.lastIndex = at;
  return { value: PLAIN.exec(field)![0].trimEnd(), quoted: false, end: PLAIN.lastIndex };
}

/** Notes a parameter; false if it contradicts what is there. */
function note(found: NameParameters, name: string, { value, quoted }: Value): boolean {
  if (name === "filename") return (found.plain ??= { value, quoted }).value === value;
  if (name === "filename*") return (found.extended ??= { value, quoted }).value === value;
  const [, number, encoded] = SECTION.exec(name) ?? [];
  if (number === undefined) return true;
  const section = { value, encoded: encoded === "*" };
  const known = found.sections.get(Number(number));
  if (known === undefined) found.sections.set(Number(number), section);
  return known === undefined || known.value === value && known.encoded === section.encoded;
}

/** The text of an extended value, or undefined if it is none. By the rules it has a charset, and only ASCII. */
function decodeExtended(value: string, byTheRules: boolean): string | undefined {
  const [, charset, encoded = value] = EXTENDED.exec(value) ?? [];
  if (byTheRules && (!charset || !ASCII.test(encoded))) return undefined;
  const bytes = unescapePercent(encoded);
  return bytes === undefined ? undefined : decodeCharset(charset || "utf-8", bytes);
}

/** The name whose parts are there from the first one on. Those with a second asterisk are encoded. */
function joinSections(sections: NameParameters["sections"]): string | undefined {
  let charset: string | undefined;
  let bytes = "";
  for (let number = 0; sections.has(number); number++) {
    const { value, encoded } = sections.get(number)!;
    let part = value;
    if (encoded && number === 0) [, charset, part = value] = EXTENDED.exec(value) ?? [];
    const plain = encoded ? unescapePercent(part) : part;
    if (plain === undefined) return undefined;
    bytes += plain;
  }
  return charset === undefined ? fieldText(bytes) : decodeCharset(charset, bytes);
}

function decodePlain(value: string): string {
  const words = decodeEncodedWords(value);
  if (words !== undefined) return words;
  const bytes = value.includes("%") ? unescapePercent(value) : undefined;
  return (bytes === undefined ? undefined : decodeCharset("utf-8", bytes)) ?? fieldText(value);
}
