import { type ContentEncoding, type ContentEncodingMode, readContentEncoding } from "./content_encoding.ts";
import { DecodedResponse } from "./decoded_response.ts";
import type { DriverResponse } from "./download_driver.ts";
import { isPackedName } from "./packed_name.ts";

/** A body that is stored as it was sent under a Content-Encoding. */
export interface SentBody {
  /** What that says. */
  encoding: ContentEncoding;
  /**
   * What is decided when all of it is there: `"fit"`, it is decoded if it is not what the user says of the file, and decoded it
   * is; `"top"`, it is decoded if a packed file comes out, as the coding was on top of that; `"decode"`, it is decoded. Absent: it
   * stays as it is.
   */
  later?: "fit" | "top" | "decode";
}

/** In which form the body of an answer is stored. */
export interface StoredForm {
  /** The answer, with its body in that form. */
  response: DriverResponse;
  /** Given if that is the form in which it was sent under a Content-Encoding. */
  sent?: SentBody;
}

/** How {@linkcode storedForm} decides. */
export interface StoredFormOptions {
  /** What the user wants. */
  mode: ContentEncodingMode;
  /** True if the answer goes on with what is there as it was sent: then it is stored so, too. */
  continued: boolean;
  /** How many bytes the file has, as the user says. */
  size?: number | undefined;
  /** What the file must add up to, as the user says. */
  checksum?: string | undefined;
  /** The type that an earlier answer said, for an answer to a range that says none. Default: none did. */
  knownType?: string | undefined;
}

/** What is known of a file before its body comes. */
type Facts = Pick<DriverResponse, "finalUrl" | "disposition" | "headers" | "length">;

/**
 * Decides in which form the body of an answer with a Content-Encoding is stored: as it was sent where the field says again that
 * the file is packed, or says no coding, or where the user says of the file what only that form can be; and else as it was before.
 *
 * @param answer The answer as it was sent.
 * @param contentEncoding Its Content-Encoding.
 * @param options What else it goes by.
 * @throws {DownloadError} If a coding is to be undone that is not known; the answer is disposed of then.
 */
export function storedForm(answer: DriverResponse, contentEncoding: string, options: StoredFormOptions): StoredForm {
  const encoding = readContentEncoding(contentEncoding);
  if (encoding.names.length === 0 && !encoding.odd) return { response: answer };
  const sent = sentBody(answer, encoding, options);
  if (sent === undefined) return { response: new DecodedResponse(answer, encoding) };
  return { response: answer, sent };
}

/**
 * What is to be done with a body that is there as it was sent, all of it.
 *
 * @param facts What is known of the file.
 * @param contentEncoding Its Content-Encoding.
 * @param options What else it goes by.
 */
export function sentForm(
  facts: Facts,
  contentEncoding: string,
  options: Omit<StoredFormOptions, "continued">,
): SentBody {
  return sentBody(facts, readContentEncoding(contentEncoding), { ...options, continued: true })!;
}

/** Undefined for a body that is decoded while it comes. */
function sentBody(
  facts: Facts,
  encoding: ContentEncoding,
  { mode, continued, size, checksum, knownType }: StoredFormOptions,
): SentBody | undefined {
  const { names, codings, odd, unknown } = encoding;
  const asSent = { encoding };
  const decoded = continued ? { encoding, later: "decode" as const } : undefined;
  if (mode === "keep" || codings.length === 0 && names.length === 0) return asSent;
  if (mode === "decode") return decoded;
  const packed = isPacked(names, facts, knownType);
  if (unknown !== undefined) return odd || packed ? asSent : decoded;
  if (size !== undefined && facts.length !== undefined) return size === facts.length ? asSent : decoded;
  if (size !== undefined || checksum !== undefined) return { encoding, later: "fit" };
  if (odd) return asSent;
  return packed ? { encoding, later: "top" } : decoded;
}

/** True if the file is packed in the way of the one coding that is named, once or several times. */
function isPacked(names: readonly string[], facts: Facts, knownType: string | undefined): boolean {
  const [name, ...others] = new Set(names);
  return name !== undefined && others.length === 0 && isPackedName(name, facts, knownType);
}
