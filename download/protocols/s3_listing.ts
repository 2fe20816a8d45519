/**
 * Listings of S3 buckets, page by page.
 *
 * @module
 */
import { XMLParser } from "fast-xml-parser";
import { DownloadError } from "../download_error.ts";

/** One page of a listing. */
export interface S3Listing {
  /** The keys, as they are. */
  keys: string[];
  /** What the next page is asked for by; absent: there is none. */
  next?: string;
}

/**
 * The query that asks for a page.
 *
 * @param prefix How the keys begin.
 * @param token What the page before has named. Default: the first page.
 */
export function listingQuery(prefix: string, token?: string): string {
  const query = new URLSearchParams({
    "list-type": "2",
    "encoding-type": "url",
    prefix,
    ...(token === undefined ? {} : { "continuation-token": token }),
  });
  // Signatures are about blanks as %20, and not every server reads a plus as a blank.
  return query.toString().replaceAll("+", "%20");
}

/**
 * Reads a page.
 *
 * @param text The answer.
 * @param host Whose it is, for errors.
 * @throws {DownloadError} If it makes no sense.
 */
export function readListing(text: string, host: string): S3Listing {
  // Without these the library knows no numeric references, such as that of an apostrophe, and drops blanks at the ends of keys.
  const parser = new XMLParser({
    htmlEntities: true,
    parseTagValue: false,
    trimValues: false,
    isArray: (name) => name === "Contents",
  });
  const result = parser.parse(text)?.ListBucketResult;
  if (typeof result !== "object" || result === null) {
    throw new DownloadError("protocol", `${host}: the listing of the bucket makes no sense`);
  }
  // Not every server encodes the keys that it was asked to.
  const encoded = String(result.EncodingType ?? "").trim() === "url";
  const keys = (result.Contents ?? []).map(({ Key: key = "" }: { Key?: unknown }) =>
    encoded ? decoded(String(key), host) : String(key)
  );
  const next = String(result.NextContinuationToken ?? "").trim();
  if (String(result.IsTruncated).trim() !== "true") return { keys };
  if (next === "") throw new DownloadError("protocol", `${host}: the listing of the bucket breaks off`);
  return { keys, next };
}

function decoded(key: string, host: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", "%20"));
  } catch {
    throw new DownloadError(
      "protocol",
      `${host}: the listing of the bucket has a key that is not percent-encoded UTF-8`,
    );
  }
}
