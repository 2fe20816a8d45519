/**
 * Paths made from a template such as `{host}/{path}/{name}`.
 *
 * @module
 */
import { isLonger } from "../base/byte_length.ts";
import { parseUrl } from "../base/parse_url.ts";
import { textDigest } from "../base/text_digest.ts";
import { MAX_SAFE_BYTES, outProblem, safeSegment } from "./task_names.ts";

/**
 * The path of a file below the download folder.
 *
 * @param url The url of the file.
 * @param name The name of the file, from its url.
 * @returns A path that `outProblem` has nothing against, nor against what `fallbackOut` makes of it.
 */
export type NameTemplate = (url: string, name: string) => string;

interface Facts {
  url: string;
  /** Null if the url is none. */
  parsed: URL | null;
  name: string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const NAMES_FILE = /\{(?:name|stem|hash)\}/;
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([["http:", "80"], ["https:", "443"], ["ftp:", "21"]]);

/** Together with a file name and what `fallbackOut` adds it is below the limit of `outProblem`. */
const MAX_FOLDERS_BYTES = 1000;

const VALUES: ReadonlyMap<string, (facts: Facts) => string> = new Map([
  ["host", hostOf],
  ["port", ({ parsed }) => parsed?.port || (DEFAULT_PORTS.get(parsed?.protocol ?? "") ?? "")],
  ["path", pathOf],
  ["name", ({ name }) => name],
  ["stem", ({ name }) => name.slice(0, name.length - extensionOf(name).length)],
  ["ext", ({ name }) => extensionOf(name)],
  ["hash", ({ url }) => textDigest(url, "hex")],
  ["hash2", ({ url }) => textDigest(url, "hex").slice(0, 2)],
]);

/**
 * Reads a template. What its placeholders stand for:
 *
 * | placeholder | value |
 * |---|---|
 * | `{host}` | the host of the url, without the port; of an IPv6 address, `-` instead of `:` |
 * | `{port}` | the port, also where it is the scheme's own and the url leaves it out |
 * | `{path}` | the folders of the url's path, decoded, without the file name |
 * | `{name}`, `{stem}`, `{ext}` | the name of the file, the same up to its extension, and that with its dot |
 * | `{hash}`, `{hash2}` | the SHA-1 of the url, and its first two digits |
 *
 * Each segment of the result is made safe: a dot in front becomes `_`, for instance. Segments that come out empty vanish,
 * and so do the innermost folders past 1000 bytes. A template that ends in `/`, or has neither `{name}` nor `{stem}` nor
 * `{hash}`, tells only the folder: `/{name}` is added to it.
 *
 * @param text The template.
 * @returns The template; or what the text must be, if it is none.
 *
 * @example
 * ```ts
 * import { parseNameTemplate } from "./name_template.ts";
 *
 * const template = parseNameTemplate("{host}/{path}");
 * if (typeof template === "string") throw new Error(template);
 * template("https://example.org:8080/a/b%20c/d.jpg", "d.jpg"); // "example.org/a/b c/d.jpg"
 * parseNameTemplate("{size}"); // 'must have only the placeholders {host}, … {hash2}, not {size}'
 * ```
 */
export function parseNameTemplate(text: string): NameTemplate | string {
  const problem = templateProblem(text);
  if (problem !== undefined) return problem;
  const whole = text.endsWith("/") || !NAMES_FILE.test(text) ? `${text}/{name}` : text;
  return (url, name) => {
    const facts: Facts = { url, parsed: parseUrl(url), name: safeSegment(name.toWellFormed()) };
    const filled = whole.replace(PLACEHOLDER, (_, key: string) => VALUES.get(key)?.(facts) ?? "");
    const segments = filled.toWellFormed().split("/").filter((segment) => /[^.\s]/.test(segment)).map(safeSegment);
    const file = segments.pop() ?? facts.name;
    return [...fitting(segments), outProblem(file) === undefined ? file : textDigest(url, "hex")].join("/");
  };
}

function templateProblem(text: string): string | undefined {
  const unknown = [...text.matchAll(PLACEHOLDER)].find(([, key = ""]) => !VALUES.has(key));
  const known = [...VALUES.keys()].map((key) => `{${key}}`).join(", ");
  if (unknown !== undefined) return `must have only the placeholders ${known}, not ${unknown[0]}`;
  const sample = text.replace(PLACEHOLDER, "xx");
  if (/[{}]/.test(sample)) return "must have braces only around the name of a placeholder";
  const problem = outProblem(sample.replace(/\/+/g, "/").replace(/(?<=.)\/$/, ""));
  // What is longer would be shortened, and is no longer what the user wrote.
  const long = sample.split("/").some((segment) => isLonger(segment, MAX_SAFE_BYTES));
  return problem ?? (long ? `must have segments of at most ${MAX_SAFE_BYTES} bytes` : undefined);
}

function hostOf({ parsed }: Facts): string {
  return (parsed?.hostname ?? "").replace(/[[\]]/g, "").replaceAll(":", "-");
}

function pathOf({ parsed }: Facts): string {
  const folders = (parsed?.pathname ?? "").split("/").slice(0, -1);
  return folders.map((folder) => decode(folder).replace(/[\\/]/g, "_")).join("/");
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot) : "";
}

/** As many folders as there is room for, from the outermost. */
function fitting(folders: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const folder of folders) {
    bytes += new TextEncoder().encode(`${folder}/`).length;
    if (bytes > MAX_FOLDERS_BYTES) break;
    kept.push(folder);
  }
  return kept;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
