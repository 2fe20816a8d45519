import { type Checksum, CHECKSUM_ALGORITHMS, DIGEST_BYTES, parseAlgorithm, parseDigest } from "./checksum.ts";

/** A file of checksums that cannot be read, or that contradicts itself. */
export class ChecksumFileError extends SyntaxError {
  /** Always `"checksum_file"`. */
  readonly code = "checksum_file";
  /** Where, counted from 1. */
  readonly line: number;

  /**
   * Says what is wrong, and where.
   *
   * @param must What the line must be.
   * @param line Counted from 1.
   * @param text The line; the message holds its first 200 characters.
   */
  constructor(must: string, line: number, text: string) {
    super(`Cannot read line ${line} as it must ${must}: current value is ${JSON.stringify(text.slice(0, 200))}`);
    this.name = "ChecksumFileError";
    this.line = line;
  }
}

interface Line {
  name: string;
  checksum: Checksum;
}

/** What has been read of one name: the line that says it, for each algorithm. */
type Known = Map<Checksum["algorithm"], { digest: string; line: number }>;

const PLAIN = /^([0-9a-f]+)(?: [ *]?|\t[ \t*]?)(.+)$/is;
const TAGGED = /^([a-z0-9-]+) ?\((.+)\) ?= ?([a-z0-9+/=]+)$/is;
const FORM = 'be "DIGEST  NAME" or "ALGORITHM (NAME) = DIGEST", ' +
  `the algorithm one of ${CHECKSUM_ALGORITHMS.join(", ")}`;

/**
 * Reads a file of checksums such as SHA256SUMS: the lines that sha256sum and its like write, plain
 * (`DIGEST  NAME`, `DIGEST *NAME`) or with a tag (`SHA256 (NAME) = DIGEST`), with escaped names or not. Empty lines and
 * lines that begin with `#` do not count. Where there is no tag, the length of the digest tells the algorithm.
 *
 * @param text The whole file.
 * @returns The checksum of each name, the strongest if the file has several algorithms. `./` before a name is dropped.
 * @throws {ChecksumFileError} If a line is none of that, or one name has two digests of the same algorithm.
 *
 * @example
 * ```ts
 * import { parseChecksumFile } from "./checksum_file.ts";
 *
 * parseChecksumFile("MD5 (empty) = d41d8cd98f00b204e9800998ecf8427e\n").get("empty")?.algorithm; // "md5"
 * ```
 */
export function parseChecksumFile(text: string): Map<string, Checksum> {
  const known = new Map<string, Known>();
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (const [index, raw] of lines.entries()) {
    const content = raw.replace(/\r$/, "").replace(/^[ \t]+/, "");
    if (content === "" || content.startsWith("#")) continue;
    const line = parseLine(content);
    if (line === undefined) throw new ChecksumFileError(FORM, index + 1, raw);
    const { name, checksum: { algorithm, digest } } = line;
    const digests: Known = known.get(name) ?? new Map();
    const before = digests.get(algorithm);
    if (before !== undefined && before.digest !== digest) {
      const must = `have the digest that line ${before.line} has for the same name, ${before.digest}`;
      throw new ChecksumFileError(must, index + 1, raw);
    }
    if (before === undefined) digests.set(algorithm, { digest, line: index + 1 });
    known.set(name, digests);
  }
  return new Map([...known].map(([name, digests]) => [name, strongest(digests)]));
}

function parseLine(content: string): Line | undefined {
  const escaped = content.startsWith("\\");
  const body = escaped ? content.slice(1) : content;
  const found = parsePlain(body) ?? parseTagged(body);
  if (found === undefined) return undefined;
  const name = (escaped ? unescapeName(found.name) : found.name)?.replace(/^(?:\.\/+)+/, "");
  return name === undefined || name === "" ? undefined : { name, checksum: found.checksum };
}

function parsePlain(body: string): Line | undefined {
  const [, hex = "", name = ""] = PLAIN.exec(body) ?? [];
  const algorithm = CHECKSUM_ALGORITHMS.find((algorithm) => DIGEST_BYTES[algorithm] * 2 === hex.length);
  return algorithm === undefined ? undefined : { name, checksum: { algorithm, digest: hex.toLowerCase() } };
}

function parseTagged(body: string): Line | undefined {
  const [, tag = "", name = "", text = ""] = TAGGED.exec(body) ?? [];
  // OpenSSL says SHA2-256.
  const algorithm = parseAlgorithm(tag.replace(/^sha2-/i, "sha-"));
  const digest = algorithm === undefined ? undefined : parseDigest(algorithm, text);
  return algorithm === undefined || digest === undefined ? undefined : { name, checksum: { algorithm, digest } };
}

/** Undoes the escapes of a name; `undefined` if one of them is unknown. */
function unescapeName(name: string): string | undefined {
  if (!/^(?:[^\\]|\\[\\nr])*$/.test(name)) return undefined;
  return name.replace(/\\(.)/g, (_, letter: string) => letter === "n" ? "\n" : letter === "r" ? "\r" : "\\");
}

function strongest(digests: Known): Checksum {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const digest = digests.get(algorithm)?.digest;
    if (digest !== undefined) return { algorithm, digest };
  }
  throw new Error("Cannot choose a checksum as there must be at least one: current value is none");
}
