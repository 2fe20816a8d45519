/** A content coding that can be undone. */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

/**
 * What is done with a body under a Content-Encoding: it is decoded, but for files that are packed themselves; it is always decoded
 * as far as the field names codings; it is stored as it was sent.
 */
export type ContentEncodingMode = "auto" | "decode" | "keep";

/** What a Content-Encoding says. */
export interface ContentEncoding {
  /** Its text, as far as it is to be shown; printable ASCII only. */
  text: string;
  /** The names of all codings in it, in the order in which they were applied, without `identity` and what is none. */
  names: readonly string[];
  /** Those of them that can be undone. */
  codings: readonly ContentCoding[];
  /** The first that cannot be undone. */
  unknown?: string;
  /** True if it says something that is no coding: servers do so that mean the type of the file, or nothing. */
  odd: boolean;
}

const CODINGS: ReadonlyMap<string, ContentCoding> = new Map([
  ["gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);
/** What codings were called before they had names (RFC 9110, 8.4.1). */
const OLD_NAME = /^x-(?=(?:gzip|compress|bzip2?|xz|lzma|zstd)$)/;
/** Words that servers say in place of a coding, or of none. */
const NO_CODING =
  /^(?:|identity|none|no|null|nil|undefined|false|off|default|plain|raw|text|utf|unicode|ascii|binary|[78]-?bit|(?:aws-)?chunked)$/;
/** The names of charsets, as they are written in types. */
const CHARSET =
  /^(?:utf-?(?:7|8|16|32)(?:le|be)?|us-ascii|iso-?8859-?\d+|latin-?\d|windows-?\d+|cp-?\d+|gbk|gb2312|gb18030|big5|shift[-_]jis|euc-(?:jp|kr|cn)|koi8-[ru])$/;
/** A type of a file, a parameter of one, or several words: no name of a coding has such characters. */
const NO_TOKEN = /[\s/=;:"*]/;
const SHOWN_LENGTH = 100;
/** Nobody applies more; each costs memory. */
const MOST_CODINGS = 5;

/** Reads the value of a Content-Encoding. */
export function readContentEncoding(value: string): ContentEncoding {
  const names: string[] = [];
  const codings: ContentCoding[] = [];
  let unknown: string | undefined;
  let plain = true;
  let odd = false;
  for (const part of value.toLowerCase().split(",")) {
    const written = part.trim();
    const name = written.replace(OLD_NAME, "");
    if (NO_CODING.test(name) || CHARSET.test(name) || NO_TOKEN.test(name)) {
      plain &&= name === "identity";
      odd = true;
      continue;
    }
    plain = false;
    names.push(name);
    const coding = CODINGS.get(name);
    if (coding !== undefined) codings.push(coding);
    if (coding === undefined || codings.length > MOST_CODINGS) unknown ??= shown(written);
  }
  // Alone, identity is what servers may say where nothing was done.
  return {
    text: shown(value.trim()),
    names,
    codings,
    ...(unknown === undefined ? {} : { unknown }),
    odd: odd && !plain,
  };
}

/** One text for all values that say the same by other letters or blanks around them; printable ASCII only. */
export function plainEncoding(value: string): string {
  return shown(value.trim().toLowerCase());
}

function shown(text: string): string {
  return text.slice(0, SHOWN_LENGTH).replace(/[^\x20-\x7e]/g, "?");
}
