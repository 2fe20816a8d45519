/**
 * Names of files: from a url, from a server, or as the user asked. A name is relative, stays below the download folder, and works on
 * every system.
 *
 * @module
 */
import { byteLength, isLonger, startOf } from "../base/byte_length.ts";
import { parseUrl } from "../base/parse_url.ts";
import { textDigest } from "../base/text_digest.ts";

/** The folder below the download folder that belongs to Corehaul itself. */
export const STATE_FOLDER = ".corehaul";

/** The suffix of an unfinished file. */
export const PART_SUFFIX = ".part";

/** What file systems take. */
const MAX_SEGMENT_BYTES = 255;
/** What `safeSegment` makes, and the digest of `fallbackOut` with it. Another number would give files of old lists other names. */
export const MAX_SAFE_BYTES = 171;
const MAX_PATH_BYTES = 1200;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d\u00b9\u00b2\u00b3])\s*(\.|$)/i;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const FORBIDDEN = /[\u0000-\u001f\u007f\\/]/g;
/** What makes a name look like another one: further controls, changes of direction, line breaks. */
const MISLEADING = /[\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const FORBIDDEN_ON_WINDOWS = /[<>:"|?*]/g;
const PART_NAME = /\.part(-[0-9a-z-]+)?$/i;

/**
 * The name that a url suggests: the last segment of its path, made safe.
 *
 * @param url The url.
 * @returns A single segment; `index` if the url suggests none, `data` for a `data:` url.
 *
 * @example
 * ```ts
 * import { outFromUrl } from "./task_names.ts";
 *
 * outFromUrl("https://example.org/a/b%20c.jpg?x=1"); // "b c.jpg"
 * ```
 */
export function outFromUrl(url: string): string {
  // What such a url says is the file, not its name.
  return /^data:/i.test(url) ? "data" : safeSegment(nameInUrl(url));
}

/** The last segment of the path of a url as it is meant, whatever that is; empty if there is none. */
export function nameInUrl(url: string): string {
  const path = /^data:/i.test(url) ? "" : parseUrl(url)?.pathname ?? "";
  return decode(path.slice(path.lastIndexOf("/") + 1));
}

/**
 * The name that a server gives a file: what stands behind the last separator, made safe.
 *
 * @param name The name, which may be anything.
 * @returns A single segment; undefined if there is nothing but dots and blanks.
 *
 * @example
 * ```ts
 * import { outFromName } from "./task_names.ts";
 *
 * outFromName("../../etc/passwd"); // "passwd"
 * outFromName(".."); // undefined
 * ```
 */
export function outFromName(name: string): string | undefined {
  const last = lastPart(name);
  return /[^.\s]/.test(last) ? safeSegment(last) : undefined;
}

/** What stands behind the last separator of a name, be it that of Windows. */
export function lastPart(name: string): string {
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
}

/**
 * The other name of a file whose first choice belongs to another url; the same for the same url every time.
 *
 * @param out The first choice.
 * @param url The url.
 * @returns The name with a digest of the url before its extension.
 */
export function fallbackOut(out: string, url: string): string {
  const digest = textDigest(url, "hex").slice(0, 8);
  const { stem, extension } = splitExtension(out);
  return `${stem}.${digest}${extension}`;
}

/**
 * Says what is wrong with a path that a user asked for.
 *
 * @param out The path.
 * @returns What it must be, or `undefined` if it is fine.
 */
export function outProblem(out: string): string | undefined {
  if (out === "") return "must not be empty";
  if (isLonger(out, MAX_PATH_BYTES)) return `must be at most ${MAX_PATH_BYTES} bytes`;
  if (out.startsWith("/") || /^[a-z]:/i.test(out)) return "must be relative to the download folder";
  const segments = out.split("/");
  if (segments[0]?.toLowerCase() === STATE_FOLDER) return `must not be in ${STATE_FOLDER}`;
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") return "must not have empty, . or .. segments";
    if (segment.search(FORBIDDEN) !== -1) return "must not have backslashes or control characters";
    if (DEVICE.test(segment)) return "must not be the name of a device";
    if (/[. ]$/.test(segment)) return "must not have segments that end in a dot or a space";
    if (isLonger(segment, MAX_SEGMENT_BYTES)) return `must have segments of at most ${MAX_SEGMENT_BYTES} bytes`;
  }
  if (PART_NAME.test(out)) return `must not end in ${PART_SUFFIX}: that marks unfinished files`;
  return undefined;
}

/**
 * Makes one segment of a path out of any text: separators, control characters and what turns the direction
 * of writing become `_`, and so does a dot in front.
 *
 * @param name The text.
 * @returns A segment that is safe on every system; `index` if nothing is left.
 */
export function safeSegment(name: string): string {
  let safe = name.toWellFormed().normalize("NFC").replace(FORBIDDEN, "_").replace(MISLEADING, "_");
  if (Deno.build.os === "windows") safe = safe.replace(FORBIDDEN_ON_WINDOWS, "_");
  safe = withoutEnd(safe).replace(/^\s+/, "").replace(/^\./, "_").replace(/^([a-z]):/i, "$1_");
  if (safe === "") return "index";
  if (DEVICE.test(safe)) safe = `_${safe}`;
  if (PART_NAME.test(safe)) safe = `${safe}_`;
  safe = shorten(safe);
  // Of a long name no more than that may be left.
  return DEVICE.test(safe) ? `_${safe}` : safe;
}

/** A text without dots and blanks at its end; a pattern would look at each of them in long runs anew. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /[.\s]/.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function shorten(name: string): string {
  if (byteLength(name) <= MAX_SAFE_BYTES) return name;
  const { stem, extension } = splitExtension(name);
  const kept = byteLength(extension) <= 20 ? extension : "";
  const short = startOf(kept === "" ? name : stem, MAX_SAFE_BYTES - byteLength(kept));
  // What was cut may have left the suffix of an unfinished file at the end.
  return (short.replace(/[. ]+$/, "") + kept).replace(/\.(?=part(-[0-9a-z-]+)?$)/i, "_");
}

function splitExtension(out: string): { stem: string; extension: string } {
  const dot = out.lastIndexOf(".");
  return dot <= out.lastIndexOf("/") + 1
    ? { stem: out, extension: "" }
    : { stem: out.slice(0, dot), extension: out.slice(dot) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
