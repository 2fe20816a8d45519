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
 * What is noted of the form of a file.
 *
 * @param contentEncoding The Content-Encoding under which its bytes are stored; absent: none.
 * @param decodedFrom The one that was taken off them; absent: none.
 * @param mode What the user wanted to be done with it.
 */
export function formOf(
  contentEncoding: string | undefined,
  decodedFrom: string | undefined,
  mode: ContentEncodingMode | undefined,
): FileForm {
  if ((contentEncoding ?? decodedFrom) === undefined) return {};
  return {
    ...(contentEncoding === undefined ? { decodedFrom: decodedFrom! } : { contentEncoding }),
    ...(mode === undefined || mode === "auto" ? {} : { encodingMode: mode }),
  };
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
