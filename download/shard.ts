/** One of several equal parts of the entries of a list. */
export interface Shard {
  /** Which one, from 1 on. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
}

/**
 * Says whether an entry is of a part, by its url alone: every machine that is told the same says the same.
 *
 * @param url The url, as the entry has it.
 * @param shard The part.
 *
 * @example
 * ```ts
 * import { isInShard } from "./shard.ts";
 *
 * isInShard("https://example.org/a", { index: 1, of: 1 }); // true
 * ```
 */
export function isInShard(url: string, { index, of }: Shard): boolean {
  // FNV-1a, and a last stir: its low bits alone are not even enough.
  let hash = 0x811c9dc5;
  for (let i = 0; i < url.length; i++) hash = Math.imul(hash ^ url.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) % of === index - 1;
}
