import { isLonger, startOf } from "../base/byte_length.ts";
import { textDigest } from "../base/text_digest.ts";
import { PART_SUFFIX } from "./task_names.ts";

/** Up to this, a name has room for the longest suffix of an unfinished file within the 255 bytes of file systems. */
const MAX_SUFFIXED_BYTES = 180;
const START_BYTES = 150;
const DIGEST_DIGITS = 20;

/**
 * Where a file is as long as it is not finished: beside its place, with `.part` behind its name. Of a name without room for
 * that, the beginning stands there and a digest of it, `START.part-DIGEST.part`: no `out` may end in `.part-DIGEST`, so it
 * is nobody else's.
 *
 * @param finalPath Where the finished file goes.
 * @returns The path; what belongs to one claim alone and what is known of the file have it with a further suffix.
 *
 * @example
 * ```ts
 * import { unfinishedPath } from "./unfinished_path.ts";
 *
 * unfinishedPath("/files/a.iso"); // "/files/a.iso.part"
 * ```
 */
export function unfinishedPath(finalPath: string): string {
  const from = finalPath.lastIndexOf("/") + 1;
  if ((finalPath.length - from) * 3 <= MAX_SUFFIXED_BYTES) return finalPath + PART_SUFFIX;
  const name = finalPath.slice(from);
  if (!isLonger(name, MAX_SUFFIXED_BYTES)) return finalPath + PART_SUFFIX;
  const digest = textDigest(name, "hex").slice(0, DIGEST_DIGITS);
  return `${finalPath.slice(0, from)}${startOf(name, START_BYTES)}${PART_SUFFIX}-${digest}${PART_SUFFIX}`;
}
