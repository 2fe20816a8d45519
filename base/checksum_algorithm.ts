/** An algorithm. md5 and sha-1 tell accidents only: anyone can make two files with the same one. */
export type ChecksumAlgorithm = "sha-512" | "sha-384" | "sha-256" | "sha-224" | "sha-1" | "md5";

/** The algorithms, strongest first. */
export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  "sha-512",
  "sha-384",
  "sha-256",
  "sha-224",
  "sha-1",
  "md5",
];

/**
 * The algorithm of a name, in any case, with or without its dash; those of SHA-2 also as `SHA2-256`.
 *
 * @param name The name, such as `SHA256`.
 * @returns The algorithm; `undefined` if it is not known.
 *
 * @example
 * ```ts
 * import { parseAlgorithm } from "./checksum_algorithm.ts";
 *
 * parseAlgorithm("SHA2-256"); // "sha-256"
 * parseAlgorithm("sha3-256"); // undefined
 * ```
 */
export function parseAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const plain = name.trim().toLowerCase().replace("_", "-").replace(/^sha2-(?=\d{3}$)/, "sha-");
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === plain || algorithm.replace("-", "") === plain);
}
