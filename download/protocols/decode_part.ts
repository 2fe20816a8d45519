import { DownloadError } from "../download_error.ts";

/**
 * Decodes a part of a url.
 *
 * @param text The part, percent-encoded.
 * @param part What it is, for the error.
 * @param forbidden What must not be in it. Default: nothing that is a byte of zero.
 * @throws {DownloadError} If it is not UTF-8, or has what is forbidden.
 */
export function decodePart(text: string, part: string, forbidden: RegExp = /\0/): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new DownloadError("unsupported", `Cannot fetch the url as its ${part} must be UTF-8, percent-encoded`);
  }
  if (!forbidden.test(plain)) return plain;
  throw new DownloadError("unsupported", `Cannot fetch the url as its ${part} must have no control characters in it`);
}
