/** A content coding that can be undone. */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

/** What a Content-Encoding says. */
export interface ContentEncoding {
  /** Its text, as far as it is to be shown. */
  text: string;
  /** The codings that can be undone, in the order in which they were applied. */
  codings: readonly ContentCoding[];
  /** The first coding that nobody knows here. */
  unknown?: string;
}

const CODINGS: ReadonlyMap<string, ContentCoding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);
const SHOWN_LENGTH = 100;
/** Nobody applies more; each costs memory. */
const MOST_CODINGS = 5;

/** Reads the value of a Content-Encoding. */
export function readContentEncoding(value: string): ContentEncoding {
  const text = value.trim().slice(0, SHOWN_LENGTH);
  const codings: ContentCoding[] = [];
  let unknown: string | undefined;
  for (const name of value.toLowerCase().split(",").map((name) => name.trim())) {
    if (name === "identity") continue;
    const coding = CODINGS.get(name);
    if (coding !== undefined) codings.push(coding);
    if (coding === undefined || codings.length > MOST_CODINGS) unknown ??= name.slice(0, SHOWN_LENGTH);
  }
  return { text, codings, ...(unknown === undefined ? {} : { unknown }) };
}
