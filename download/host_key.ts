const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * A 64-bit number for a host (FNV-1a), the same in every thread.
 *
 * @param host Such as `example.com:443`; letter case counts.
 * @returns A signed 64-bit integer, never 0.
 *
 * @example
 * ```ts
 * import { hostKey } from "./host_key.ts";
 *
 * hostKey("a"); // -5808590958014384161n
 * ```
 */
export function hostKey(host: string): bigint {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(host)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash === 0n ? 1n : BigInt.asIntN(64, hash);
}
