/**
 * Text as FTP has it: bytes, which stand in strings here with one character a byte. Most servers mean UTF-8 by them, but
 * names may be anything.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { DownloadError } from "../download_error.ts";

/** The bytes of a text in UTF-8. */
export function bytesOfText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The text that the bytes are in UTF-8; undefined if they are none. */
export function textOfBytes(bytes: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined;
  }
}

/** The bytes as a part of a url. */
export function encodeBytes(bytes: string): string {
  const text = textOfBytes(bytes);
  if (text !== undefined) return encodeURIComponent(text);
  return bytes.replace(
    /[^A-Za-z0-9\-_.!~*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/**
 * The bytes that a part of a url stands for.
 *
 * @param part The part, percent-encoded.
 * @param what What it is, for the error.
 * @param forbidden What must not be in it.
 * @throws {DownloadError} If it is not percent-encoded, or has what is forbidden.
 */
export function decodeBytes(part: string, what: string, forbidden: RegExp): string {
  if (/%(?![0-9a-f]{2})/i.test(part)) {
    throw new DownloadError(
      "unsupported",
      `Cannot fetch the url as its ${what} must be percent-encoded, % as %25: current value is "${shown(part)}"`,
    );
  }
  const bytes = part.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  if (!forbidden.test(bytes)) return bytes;
  throw new DownloadError(
    "unsupported",
    `Cannot fetch the url as its ${what} must have no control characters in it: current value is "${shown(part)}"`,
  );
}

function shown(part: string): string {
  return part.length > 100 ? `${part.slice(0, 99)}…` : part;
}
