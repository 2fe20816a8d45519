import { type ContentEncodingMode, readContentEncoding } from "./content_encoding.ts";
import { DecodedResponse } from "./decoded_response.ts";
import type { DriverResponse } from "./download_driver.ts";
import { isPackedName } from "./packed_name.ts";

/** In which form the body of an answer is stored. */
export interface StoredForm {
  /** The answer, with its body in that form. */
  response: DriverResponse;
  /** Its Content-Encoding, if the body is stored as it was sent; absent: what the field says was undone, or is nothing. */
  sentAs?: string;
}

/** How {@linkcode storedForm} decides. */
export interface StoredFormOptions {
  /** What the user wants. */
  mode: ContentEncodingMode;
  /** True if the answer goes on with what is there as it was sent: then it is stored so, too. */
  continued: boolean;
}

/**
 * Decides in which form the body of an answer with a Content-Encoding is stored: as it was sent where the field says again that
 * the file is packed, or says no coding, and else as it was before.
 *
 * @param answer The answer as it was sent.
 * @param contentEncoding Its Content-Encoding.
 * @throws {DownloadError} If a coding is to be undone that is not known; the answer is disposed of then.
 */
export function storedForm(
  answer: DriverResponse,
  contentEncoding: string,
  { mode, continued }: StoredFormOptions,
): StoredForm {
  const encoding = readContentEncoding(contentEncoding);
  const { names, odd, text } = encoding;
  if (names.length === 0 && !odd) return { response: answer };
  const asSent = continued || mode === "keep" || names.length === 0 ||
    (mode === "auto" && (odd || isPacked(names, answer)));
  return asSent ? { response: answer, sentAs: text } : { response: new DecodedResponse(answer, encoding) };
}

/** True if the file is packed in the way of the one coding that is named, once or several times. */
function isPacked(names: readonly string[], answer: DriverResponse): boolean {
  const [name, ...others] = new Set(names);
  return name !== undefined && others.length === 0 && isPackedName(name, answer);
}
