import { decodeCharset, fieldText } from "./field_text.ts";

const WORDS = /=\?([^?*\t ]+)(?:\*[^?\t ]*)?\?([bq])\?([^?]*)\?=/gi;

/**
 * Text with encoded words of mail in it (RFC 2047). Senders split characters between words, so words that follow each
 * other are decoded together.
 *
 * @param value The text, one character a byte.
 * @returns The text; undefined if it has no such word, or one that cannot be decoded.
 *
 * @example
 * ```ts
 * import { decodeEncodedWords } from "./encoded_words.ts";
 *
 * decodeEncodedWords("=?UTF-8?Q?caf=C3=A9?= 1"); // "café 1"
 * ```
 */
export function decodeEncodedWords(value: string): string | undefined {
  let text = "";
  let end = 0;
  let open: { charset: string; bytes: string } | undefined;
  /** Decodes the words that have come since the last text between words. */
  const close = () => {
    const decoded = open === undefined ? "" : decodeCharset(open.charset, open.bytes);
    open = undefined;
    if (decoded !== undefined) text += decoded;
    return decoded !== undefined;
  };
  for (const { 0: word, 1: charset = "", 2: how, 3: encoded = "", index } of value.matchAll(WORDS)) {
    const between = value.slice(end, index);
    const bytes = how!.toLowerCase() === "b" ? fromBase64(encoded) : fromQ(encoded);
    if (bytes === undefined) return undefined;
    const adjacent = end > 0 && between.trim() === "";
    if (adjacent && open?.charset === charset.toLowerCase()) {
      open.bytes += bytes;
    } else {
      if (!close()) return undefined;
      if (!adjacent) text += fieldText(between);
      open = { charset: charset.toLowerCase(), bytes };
    }
    end = index + word.length;
  }
  return end === 0 || !close() ? undefined : text + fieldText(value.slice(end));
}

function fromBase64(encoded: string): string | undefined {
  try {
    return atob(encoded);
  } catch {
    return undefined;
  }
}

function fromQ(encoded: string): string {
  return encoded.replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
