/**
 * What `s3:` urls lead to.
 *
 * @module
 */
import { parseUrl } from "../../base/parse_url.ts";
import { DownloadError } from "../download_error.ts";
import { decodePart } from "./decode_part.ts";
import type { S3Access } from "./s3_access.ts";

/** An object, or all objects whose keys begin alike. */
export interface S3Target {
  /** The bucket. */
  bucket: string;
  /** The key; empty if the url names none. */
  key: string;
  /** How keys begin, where the url stands for many: the key, without `*` at its end. */
  prefix: string;
  /** The version of the object; absent: the newest. */
  versionId?: string;
}

/**
 * Reads an `s3:` url. `*` at its end stands for all that follows; anywhere else, and as `%2A`, it is a letter.
 *
 * @throws {DownloadError} If the bucket can be none, the key is not UTF-8, or the version is empty.
 */
export function s3Target(url: string): S3Target {
  const { hostname: bucket = "", pathname = "", search = "" } = parseUrl(url) ?? {};
  if (!/^[a-z0-9][a-z0-9._-]{1,62}$/i.test(bucket)) {
    throw new DownloadError(
      "unsupported",
      `Cannot fetch the url as its bucket must be a name: current value is "${bucket}"`,
    );
  }
  const key = decodePart(pathname.slice(1), "key");
  const target = { bucket, key, prefix: pathname.endsWith("*") ? key.slice(0, -1) : key };
  if (search === "") return target;
  const versionId = decodePart(search.slice(search.indexOf("=") + 1), "versionId");
  if (versionId !== "") return { ...target, versionId };
  throw new DownloadError("unsupported", "Cannot fetch the url as its versionId must not be empty");
}

/** The url of a key, which {@linkcode s3Target} reads as that very key. */
export function s3Url(bucket: string, key: string): string {
  return `s3://${bucket}/${encodedKey(key).replace(/\*$/, "%2A")}`;
}

/** Where an object is. A bucket with dots in its name fits no certificate, and so stands in the path. */
export function objectUrl({ endpoint, region }: S3Access, { bucket, key, versionId }: Omit<S3Target, "prefix">): URL {
  const path = encodedKey(key);
  const query = versionId === undefined ? "" : `?versionId=${encodeURIComponent(versionId)}`;
  if (endpoint !== undefined) return new URL(`${endpoint}/${bucket}/${path}${query}`);
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return bucket.includes(".")
    ? new URL(`https://s3.${region}.${suffix}/${bucket}/${path}${query}`)
    : new URL(`https://${bucket}.s3.${region}.${suffix}/${path}${query}`);
}

function encodedKey(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

/** A url would take these two for steps. */
function encodeSegment(text: string): string {
  if (text === "." || text === "..") {
    throw new DownloadError("unsupported", "Cannot fetch an object as its key must have no . or .. segments");
  }
  return encodeURIComponent(text);
}
