import { readContentEncoding } from "./content_encoding.ts";
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

/**
 * Decides in which form the body of an answer with a Content-Encoding is stored: as it was sent where the field says again that
 * the file is packed, or says no coding, and else as it was before.
 *
 * @param answer The answer as it was sent.
 * @param contentEncoding Its Content-Encoding.
 * @param continued True if it goes on with what is there as it was sent: then it is stored so, too.
 * @throws {DownloadError} If a coding is to be undone that is not known; the answer is disposed of then.
 */
export function storedForm(answer: DriverResponse, contentEncoding: string, continued: boolean): StoredForm {
  const encoding = readContentEncoding(contentEncoding);
  const { names, odd, text } = encoding;
  if (continued) return { response: answer, sentAs: text };
  if (names.length === 0 && !odd) return { response: answer };
  const [name, ...others] = new Set(names);
  const packed = name !== undefined && others.length === 0 && isPackedName(name, answer);
  return odd || packed ? { response: answer, sentAs: text } : { response: new DecodedResponse(answer, encoding) };
}
