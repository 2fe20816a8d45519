import {
  type Checksum,
  CHECKSUM_ALGORITHMS,
  DIGEST_BYTES,
  parseAlgorithm,
  parseDigest,
  strongestChecksum,
} from "./checksum.ts";

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

const PLAIN = /^([0-9a-f]+)[ \t](?:[ *]|(?![ *]))(.+)$/is;
const TAGGED = /^([a-z0-9-]+) ?\((.+)\) ?= ?([a-z0-9+/=]+)$/is;
const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["r", "\r"], ["\\", "\\"]]);
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
  const checksums = new Map<string, Checksum>();
  const seen = new Map<string, { digest: string; line: number }>();
  for (const [index, raw] of text.replace(/^\ufeff/, "").split("\n").entries()) {
    const content = raw.replace(/\r$/, "").replace(/^[ \t]+/, "");
    if (content === "" || content.startsWith("#")) continue;
    const line = index + 1;
    const found = parseLine(content);
    if (found === undefined) throw new ChecksumFileError(FORM, line, raw);
    const { name, checksum } = found;
    const key = `${checksum.algorithm}:${name}`;
    const before = seen.get(key);
    if (before !== undefined && before.digest !== checksum.digest) {
      const must = `have the digest that line ${before.line} has for the same name, ${before.digest}`;
      throw new ChecksumFileError(must, line, raw);
    }
    if (before === undefined) seen.set(key, { digest: checksum.digest, line });
    checksums.set(name, strongestChecksum([checksums.get(name) ?? checksum, checksum]) ?? checksum);
  }
  return checksums;
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
  let known = true;
  const plain = name.replace(/\\(.?)/gs, (_, letter: string) => {
    const character = ESCAPES.get(letter);
    if (character === undefined) known = false;
    return character ?? "";
  });
  return known ? plain : undefined;
}
