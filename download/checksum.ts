/**
 * Checksums of files as people and servers write them: an algorithm, and a digest in hexadecimal digits or base64.
 *
 * @module
 */
import { builtinModule } from "../base/builtin_module.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, parseAlgorithm } from "../base/checksum_algorithm.ts";

export { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, parseAlgorithm };

/** How many bytes a digest has. */
export const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  "sha-512": 64,
  "sha-384": 48,
  "sha-256": 32,
  "sha-224": 28,
  "sha-1": 20,
  "md5": 16,
};

/** What the bytes of a file must add up to. */
export interface Checksum {
  /** How the digest is computed. */
  algorithm: ChecksumAlgorithm;
  /** The digest in hexadecimal digits, lower case. */
  digest: string;
}

/** What {@linkcode parseChecksum} found. */
export type ParsedChecksum = { type: "checksum"; checksum: Checksum } | { type: "problem"; message: string };

/**
 * Reads a checksum: `sha-256:DIGEST`, where the digest is in hexadecimal digits, base64 or base64url, the two with or
 * without padding. The name of the algorithm may be in any case and without its dash, as {@linkcode parseAlgorithm} reads it.
 *
 * @param text What was written; white space around it does not count.
 * @returns The checksum, or what it must be.
 *
 * @example
 * ```ts
 * import { parseChecksum } from "./checksum.ts";
 *
 * parseChecksum("MD5:1B2M2Y8AsgTpgAmY7PhCfg==");
 * // { type: "checksum", checksum: { algorithm: "md5", digest: "d41d8cd98f00b204e9800998ecf8427e" } }
 * ```
 */
export function parseChecksum(text: string): ParsedChecksum {
  const trimmed = text.trim();
  const colon = trimmed.indexOf(":");
  const algorithm = colon === -1 ? undefined : parseAlgorithm(trimmed.slice(0, colon));
  if (algorithm === undefined) {
    return problem(`be ALGORITHM:DIGEST, the algorithm one of ${CHECKSUM_ALGORITHMS.join(", ")}`, text);
  }
  const digest = parseDigest(algorithm, trimmed.slice(colon + 1));
  if (digest !== undefined) return { type: "checksum", checksum: { algorithm, digest } };
  const bytes = DIGEST_BYTES[algorithm];
  return problem(`have ${bytes * 2} hexadecimal digits or ${bytes} bytes in base64 after "${algorithm}:"`, text);
}

/** The checksum as {@linkcode parseChecksum} reads it: the algorithm, a colon, and hexadecimal digits. */
export function formatChecksum(checksum: Checksum): string {
  return `${checksum.algorithm}:${checksum.digest}`;
}

/** The checksum with the strongest algorithm; of equal ones the first. `undefined` if there is none. */
export function strongestChecksum(checksums: Iterable<Checksum>): Checksum | undefined {
  let strongest: Checksum | undefined;
  for (const checksum of checksums) {
    if (strongest === undefined || rank(checksum) < rank(strongest)) strongest = checksum;
  }
  return strongest;
}

/** A digest in hexadecimal digits, base64 or base64url, as lower-case hexadecimal; `undefined` if it is none. */
export function parseDigest(algorithm: ChecksumAlgorithm, text: string): string | undefined {
  const isHex = text.length === DIGEST_BYTES[algorithm] * 2 && /^[0-9a-f]+$/i.test(text);
  return isHex ? text.toLowerCase() : digestFromBase64(algorithm, text);
}

/** A digest in base64 or base64url as lower-case hexadecimal; `undefined` if it is none. */
export function digestFromBase64(algorithm: ChecksumAlgorithm, text: string): string | undefined {
  const plain = text.replace(/={1,2}$/, "").replaceAll("+", "-").replaceAll("/", "_");
  if (text.endsWith("=") && text.length % 4 !== 0) return undefined;
  const bytes = builtinModule("node:buffer").Buffer.from(plain, "base64url");
  // The decoder skips what it does not know: only what comes out of it unchanged was base64.
  if (bytes.length !== DIGEST_BYTES[algorithm] || bytes.toString("base64url") !== plain) return undefined;
  return bytes.toString("hex");
}

function rank({ algorithm }: Checksum): number {
  return CHECKSUM_ALGORITHMS.indexOf(algorithm);
}

function problem(must: string, text: string): ParsedChecksum {
  return { type: "problem", message: `must ${must}: current value is ${JSON.stringify(text.slice(0, 200))}` };
}
