import { type ContentEncodingMode, readContentEncoding } from "./content_encoding.ts";

/** How a file was stored whose answer had a Content-Encoding. */
export interface FileForm {
  /** That, if the bytes were stored as they were sent. */
  contentEncoding?: string;
  /** That, if it was taken off them. */
  decodedFrom?: string;
  /** What the user wanted to be done with it. Default `"auto"`. */
  encodingMode?: ContentEncodingMode;
}

/**
 * True if a file would have the form that it has, if it came now. What `"auto"` does follows from the answer, of which nobody knows
 * any more: so what came in another mode would not.
 *
 * @param form How it was stored.
 * @param mode What the user wants now.
 */
export function isFormFor(
  { contentEncoding, decodedFrom, encodingMode = "auto" }: FileForm,
  mode: ContentEncodingMode,
): boolean {
  if (mode === encodingMode) return true;
  if (decodedFrom !== undefined) return mode === "decode";
  return contentEncoding === undefined || mode === "keep" || readContentEncoding(contentEncoding).names.length === 0;
}
