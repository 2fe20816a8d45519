/**
 * A guard against the page of an error or of a login that is saved under the name of a picture or an archive.
 *
 * @module
 */

/** What an answer must be: media types such as `image/*`, or `"auto"`, not a page where the name promises none. */
export type ExpectType = "auto" | readonly string[];

/** What {@linkcode parseExpectType} found. */
export type ParsedExpectType = { type: "expect"; expect: ExpectType } | { type: "problem"; message: string };

/** What is known of an answer. */
export interface TypedBody {
  /** The `Content-Type`; absent if the server sent none. */
  contentType?: string;
  /** The path under which the body is stored. */
  out: string;
  /** How the body begins; up to 4096 bytes are looked at. */
  firstBytes: Uint8Array;
}

const MEDIA_RANGE = /^(?:\*\/\*|[a-z0-9!#$&^_.+-]+\/(?:\*|[a-z0-9!#$&^_.+-]+))$/;
const SNIFF_BYTES = 4096;
const HTML_START = /^<(?:!doctype\s+html|html)(?=[\s>/]|$)/i;
const HTML_EXTENSIONS: ReadonlySet<string> = new Set([
  ...["html", "htm", "xhtml", "xht", "xhtm", "shtml", "shtm", "stm", "hta"],
  ...["php", "php3", "php4", "php5", "php7", "phtml", "asp", "aspx", "ashx", "jsp", "jspx", "jsf", "do", "action"],
  ...["cgi", "cfm", "cfml", "ejs", "erb", "hbs", "mustache", "tmpl", "tpl", "twig"],
]);

/**
 * Reads what an answer must be: `auto`, or media types with commas between them, where `*` stands for any subtype.
 *
 * @param text What was written; case, and white space around a type, do not count.
 * @returns The types in lower case, or what the text must be.
 *
 * @example
 * ```ts
 * import { parseExpectType } from "./expect_type.ts";
 *
 * parseExpectType("image/*, application/zip"); // { type: "expect", expect: ["image/*", "application/zip"] }
 * ```
 */
export function parseExpectType(text: string): ParsedExpectType {
  const parts = text.split(",").map((part) => part.trim().toLowerCase());
  if (parts.length === 1 && parts[0] === "auto") return { type: "expect", expect: "auto" };
  const wrong = parts.find((part) => !MEDIA_RANGE.test(part));
  if (wrong === undefined) return { type: "expect", expect: parts };
  const must = "must be auto, or a comma list of media types such as image/* or application/zip";
  return { type: "problem", message: `${must}: current value is ${quote(text)}` };
}

/**
 * Says what is wrong with an answer. A list of media types is compared with the `Content-Type`, and an answer without
 * one passes only if the list allows every type. `auto` refuses `text/html`, and a body that begins like a page, if the
 * name has an extension that no page has.
 *
 * @param expect What {@linkcode parseExpectType} takes.
 * @param body What is known of the answer.
 * @returns What it must be and what it is, or `undefined` if it is fine.
 * @throws {RangeError} If `expect` is not what it must be.
 *
 * @example
 * ```ts
 * import { expectTypeProblem } from "./expect_type.ts";
 *
 * expectTypeProblem("auto", { contentType: "text/html", out: "cat.jpg", firstBytes: new Uint8Array(0) });
 * // "Content-Type must not be text/html for a .jpg file: current value is \"text/html\""
 * ```
 */
export function expectTypeProblem(expect: string, body: TypedBody): string | undefined {
  const parsed = parseExpectType(expect);
  if (parsed.type === "problem") throw new RangeError(`Cannot check a type as it ${parsed.message}`);
  const type = body.contentType?.split(/[;,]/, 1)[0]?.trim().toLowerCase() ?? "";
  return parsed.expect === "auto" ? pageProblem(type, body) : listProblem(parsed.expect, type);
}

function listProblem(ranges: readonly string[], type: string): string | undefined {
  const fits = ranges.some((range) =>
    range === "*/*" || range === type || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)))
  );
  if (fits) return undefined;
  return `Content-Type must be ${ranges.join(" or ")}: current value is ${type === "" ? "none" : quote(type)}`;
}

function pageProblem(type: string, { out, firstBytes }: TypedBody): string | undefined {
  const extension = extensionOf(out);
  if (extension === "" || HTML_EXTENSIONS.has(extension)) return undefined;
  if (type === "text/html") {
    return `Content-Type must not be text/html for a .${extension} file: current value is ${quote(type)}`;
  }
  const start = HTML_START.exec(afterPreamble(decode(firstBytes)))?.[0];
  if (start === undefined) return undefined;
  return `body must not begin like an HTML page for a .${extension} file: current value is ${quote(start)}`;
}

/** The extension in lower case; `""` if there is none, or only what looks like one: a version, or a name's digest. */
function extensionOf(out: string): string {
  const name = out.slice(out.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  const extension = dot < 1 ? "" : name.slice(dot + 1);
  if (!/^[a-z0-9_-]{1,16}$/.test(extension)) return "";
  return /^[0-9_-]+$|^[0-9a-f]{8}$/.test(extension) ? "" : extension;
}

/** What is left after white space, comments and the declaration of XML. */
function afterPreamble(text: string): string {
  let at = 0;
  while (true) {
    while (/\s/.test(text.charAt(at))) at++;
    const close = text.startsWith("<!--", at) ? "-->" : text.startsWith("<?xml", at) ? "?>" : undefined;
    if (close === undefined) return text.slice(at);
    const end = text.indexOf(close, at + 4);
    if (end === -1) return "";
    at = end + close.length;
  }
}

/** The bytes as text, without the mark of their order; good enough for ASCII in any encoding that pages have. */
function decode(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  const start = bytes.subarray(0, SNIFF_BYTES);
  if (first === 0xef && second === 0xbb && third === 0xbf) return new TextDecoder("latin1").decode(start.subarray(3));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(start);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(start);
  return new TextDecoder("latin1").decode(start);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
