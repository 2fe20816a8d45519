import { dispositionName } from "./content_disposition.ts";
import type { DriverResponse } from "./download_driver.ts";
import { nameInUrl } from "./task_names.ts";

/** What says of a file that it is packed: the end of its name, or its type. */
interface Format {
  name: RegExp;
  type: RegExp;
}

/** By the coding that packs in the same way. */
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["gzip", {
    name: /\.(?:t?gz|gzip|taz|tz|svgz|emz|wmz|bgz|cpgz|adz)$/i,
    type:
      /(?:^(?:application|multipart)\/(?:x-)?(?:gzip(?:ped|-compressed)?|gunzip|tgz|tar-gz|compressed|compressed-tar|gtar-compressed)|[+.]gzip)$/,
  }],
  ["compress", { name: /\.(?:t?z|taz)$/i, type: /^application\/(?:x-)?compress(?:ed)?$/ }],
  ["br", { name: /\.br$/i, type: /^application\/(?:x-)?br(?:otli)?$/ }],
  ["zstd", { name: /\.(?:t?zst|t?zstd)$/i, type: /(?:^application\/(?:x-)?zstd(?:-compressed-tar)?|[+.]zstd)$/ }],
  ["bzip", { name: /\.t?bz$/i, type: /^application\/(?:x-)?bzip$/ }],
  ["bzip2", { name: /\.(?:t?bz2?|tb2)$/i, type: /^application\/(?:x-)?bzip2?(?:-compressed-tar)?$/ }],
  ["xz", { name: /\.t?xz$/i, type: /^application\/(?:x-)?xz(?:-compressed-tar)?$/ }],
  ["lzma", { name: /\.(?:lzma|tlz)$/i, type: /^application\/(?:x-)?lzma(?:-compressed-tar)?$/ }],
]);

/**
 * True if a file is packed in the way of a coding, by its name at the server, in its final url or in its Content-Disposition, or
 * by its type: a Content-Encoding of such a file mostly says again what the file is, and not what was done to it.
 *
 * @param coding The name of the coding, in small letters.
 * @param response The answer that brings the file.
 * @param knownType The type that an earlier answer said, for an answer to a range that says none. Default: none did.
 */
export function isPackedName(
  coding: string,
  { finalUrl, disposition, headers }: Pick<DriverResponse, "finalUrl" | "disposition" | "headers">,
  knownType?: string,
): boolean {
  const format = FORMATS.get(coding);
  if (format === undefined) return false;
  const given = disposition === undefined ? undefined : dispositionName(disposition);
  if (given !== undefined && format.name.test(given.trim())) return true;
  if (format.name.test(nameInUrl(finalUrl))) return true;
  const type = (headers?.get("content-type") ?? knownType)?.replace(/[;,].*$/s, "").trim().toLowerCase();
  return type !== undefined && format.type.test(type);
}
