/**
 * What names the algorithm of digests beside which none stands.
 *
 * @module
 */
import { type ChecksumAlgorithm, parseAlgorithm } from "./checksum.ts";

/** Which algorithm is meant; `unknown`: one that is not computed here. */
export type AlgorithmHint = ChecksumAlgorithm | "unknown";

/** Names of algorithms in names of files. SHA-512/256 is another algorithm than the one with whose name it begins. */
const KNOWN = /(?<![a-z])md5|sha2?[-_]?(?:1|224|256|384|512)(?!\d|[-_/]?(?:224|256)(?!\d))/g;
const UNKNOWN =
  /sha3|keccak|blake[23]|(?<![a-z0-9])b[23](?![a-rt-z0-9])|md4|rmd160|ripemd|crc32|xxh|\.sfv$|sha-?512[-_/]?(?:224|256)/;
const UNKNOWN_HEADING =
  /^(?:sha3|keccak|blake[23]|b[23]|md4|rmd-?160|ripemd|crc-?32|xxh|whirlpool|tiger|sm3|sha-?512\/)[\w/-]*$/i;

const LONGEST_HEADING = 200;

/**
 * The algorithm that the name of a file names, such as `SHA256SUMS`, `a.iso.md5` or `B2SUMS`.
 *
 * @param name The name, without its folder.
 * @returns The algorithm; `undefined` if the name has none, or several.
 */
export function algorithmOfFile(name: string): AlgorithmHint | undefined {
  const lower = name.toLowerCase();
  const found = new Set<AlgorithmHint>([...lower.matchAll(KNOWN)].map(([text]) => parseAlgorithm(text) ?? "unknown"));
  if (UNKNOWN.test(lower)) found.add("unknown");
  return found.size === 1 ? [...found][0] : undefined;
}

/**
 * The file that a file with nothing but a digest is about: `a.iso` for `a.iso.sha256` and `a.iso.md5sum.txt`.
 *
 * @param name The name, without its folder.
 * @returns The other name; `undefined` if it does not tell one.
 */
export function fileOfDigest(name: string): string | undefined {
  const [, file, ending] = /^(.+)\.([^.]+?)(?:sums?)?$/i.exec(name.replace(/\.(?:txt|asc)$/i, "")) ?? [];
  return ending !== undefined && parseAlgorithm(ending) !== undefined ? file : undefined;
}

/**
 * The algorithm of a line that stands above digests, such as `# SHA-256`, `MD5:` or `SHA512 checksums`.
 *
 * @param line The line.
 * @returns The algorithm; `undefined` if the line is no heading.
 */
export function algorithmOfHeading(line: string): AlgorithmHint | undefined {
  if (line.length > LONGEST_HEADING) return undefined;
  const text = line.replace(/^[\s#;/*=-]+|[\s:=*#-]+$/g, "");
  const name = text.replace(/(?:[-_ ]?(?:check)?sums?|[-_ ](?:hash(?:es)?|digests?))$/i, "");
  return parseAlgorithm(name) ?? (UNKNOWN_HEADING.test(name) ? "unknown" : undefined);
}
