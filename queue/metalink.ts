import { XMLParser, XMLValidator } from "fast-xml-parser";
import { CHECKSUM_ALGORITHMS, parseAlgorithm } from "../base/checksum_algorithm.ts";
import { redactUrl } from "../base/redact_url.ts";
import { type Files3, filesOfMetalink3 } from "./metalink3.ts";
import { TaskFileError } from "./task_file_error.ts";
import type { TaskEntry } from "./task_request.ts";

const SCHEMES = /^(https?|ftps?|sftp):/i;
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
/** What RFC 5854 gives to a url without a priority: the last place. */
const LAST = 999_999;
/** As many as an entry may have. */
const MAX_MIRRORS = 50;

/**
 * A file of a Metalink document, in the words of a task file: its best url and the others, its name, its size and its strongest
 * digest. What is wrong in a document is wrong in its entry, for the schema to refuse: a size that is none is text, and a file
 * with hashes of which none is known has the first of them.
 */
export type MetalinkEntry = Partial<
  Pick<TaskEntry, "url" | "mirrors" | "out" | "checksum"> & { size: number | string }
>;

interface XmlUrl {
  "#text"?: string;
  "@priority"?: string;
}

interface XmlHash {
  "#text"?: string;
  "@type"?: string;
}

interface XmlFile {
  "@name"?: string;
  size?: { "#text"?: string }[];
  url?: XmlUrl[];
  hash?: XmlHash[];
}

interface XmlRoot {
  "@version"?: string;
  files?: Files3;
  file?: XmlFile[];
}

/**
 * Reads a Metalink 4 document (RFC 5854), or one of Metalink 3. Urls are ordered by their priority, and the best of them are taken; what
 * they lead to besides files, pieces and signatures is left out.
 *
 * @param text The document.
 * @returns One entry for each file; an entry without a url that can be fetched has none, and is refused by the schema.
 * @throws {TaskFileError} If it is not XML, or not a Metalink document.
 *
 * @example
 * ```ts
 * import { parseMetalink } from "./metalink.ts";
 *
 * parseMetalink(`<metalink xmlns="urn:ietf:params:xml:ns:metalink">
 *   <file name="a.iso"><size>5</size><url>http://example.org/a.iso</url></file>
 * </metalink>`); // [{ url: "http://example.org/a.iso", out: "a.iso", size: 5 }]
 * ```
 */
export function parseMetalink(text: string): MetalinkEntry[] {
  // Nothing in RFC 5854 needs one, and what it can define is only good for attacks.
  if (/<!DOCTYPE/i.test(text)) throw new TaskFileError("A Metalink document must not have a DOCTYPE", 1, 1);
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new TaskFileError(notXml(valid.err.msg), valid.err.line, valid.err.col ?? 1);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    parseTagValue: false,
    parseAttributeValue: false,
    alwaysCreateTextNode: true,
    removeNSPrefix: true,
    processEntities: false,
    isArray: (name) => ["file", "url", "hash", "size"].includes(name),
  });
  const { metalink } = parse(parser, withoutCdata(text));
  if (metalink === undefined) {
    throw new TaskFileError("XML must be a Metalink document: there is no <metalink>", 1, 1);
  }
  const { files, file, ...others } = metalink;
  if (files !== undefined) return filesOfMetalink3(files).map(entryOf);
  if (metalink["@version"]?.startsWith("3")) {
    throw new TaskFileError("A Metalink 3 document must have <files>", 1, 1);
  }
  // Only what is empty on purpose is taken for an empty list.
  if (file === undefined && Object.keys(others).some((name) => !/^[@#]/.test(name))) {
    throw new TaskFileError("A Metalink 4 document must have a <file>", 1, 1);
  }
  return (file ?? []).map(entryOf);
}

function parse(parser: XMLParser, text: string): { metalink?: XmlRoot } {
  try {
    return parser.parse(text);
  } catch (error) {
    throw new TaskFileError(notXml(error instanceof Error ? error.message : String(error)), 1, 1);
  }
}

/** What is wrong with a document, which may repeat a url of it. */
function notXml(message: string): string {
  return `Not valid XML: ${message.replace(/'([^']*)'/g, (_, part) => `'${redactUrl(part)}'`)}`;
}

function entryOf(file: XmlFile): MetalinkEntry {
  const [url, ...mirrors] = (file.url ?? [])
    .map((each, index) => ({ url: unescape(each["#text"] ?? ""), place: Number(each["@priority"] ?? LAST), index }))
    .filter((each) => SCHEMES.test(each.url))
    .sort((a, b) => a.place - b.place || a.index - b.index)
    .map((each) => each.url)
    .slice(0, 1 + MAX_MIRRORS);
  const size = sizeOf(file);
  const checksum = checksumOf(file.hash ?? []);
  return {
    ...(url === undefined ? {} : { url }),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    ...(file["@name"] === undefined ? {} : { out: unescape(file["@name"]) }),
    ...(size === undefined ? {} : { size }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

function sizeOf(file: XmlFile): number | string | undefined {
  const text = unescape(file.size?.[0]?.["#text"] ?? "").trim();
  if (text === "") return undefined;
  return /^\d+$/.test(text) ? Number(text) : text;
}

function checksumOf(hashes: readonly XmlHash[]): string | undefined {
  const written = hashes.map((hash) => ({
    type: unescape(hash["@type"] ?? "no type"),
    digest: unescape(hash["#text"] ?? ""),
  }));
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const known = written.find(({ type }) => parseAlgorithm(type) === algorithm);
    if (known !== undefined) return `${algorithm}:${known.digest}`;
  }
  const unknown = written[0];
  return unknown === undefined ? undefined : `${unknown.type}:${unknown.digest}`;
}

/** The document with the text of its CDATA sections written as other text is. */
function withoutCdata(text: string): string {
  return text.replace(
    /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[([^]*?)\]\]>/g,
    (whole, literal) => literal?.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") ?? whole,
  );
}

/** The five entities that XML itself has, and characters by number; what is no character stays as it is. */
function unescape(text: string): string {
  return text.trim().replace(
    /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot|apos));/g,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return ENTITIES[name as keyof typeof ENTITIES];
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
      return isXmlCharacter(code) ? String.fromCodePoint(code) : whole;
    },
  );
}

/** The characters that a document may have (XML 1.0, section 2.2). */
function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
