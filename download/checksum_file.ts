import {
  type Checksum,
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  DIGEST_BYTES,
  parseAlgorithm,
  parseDigest,
  strongestChecksum,
} from "./checksum.ts";
import { type AlgorithmHint, algorithmOfFile, algorithmOfHeading, fileOfDigest } from "./checksum_hints.ts";
import {
  algorithmOfLength,
  type ChecksumLine,
  parseChecksumLine,
  parseGroupedLine,
  parseGroups,
} from "./checksum_line.ts";

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

/** How a file of checksums is read. */
export interface ChecksumFileOptions {
  /** The algorithm of digests beside which none stands. Default: what a heading or the name of the file says, else the length. */
  algorithm?: ChecksumAlgorithm;
  /** The name of the file, without its folder. Default: none. */
  fileName?: string;
}

/** What a file of checksums holds. */
export interface ChecksumFile {
  /** The checksum of each name, the strongest if the file has several algorithms. */
  checksums: Map<string, Checksum>;
  /** Lines that are no checksum of a known algorithm: how many, and the first of them. */
  passedOver?: { count: number; line: number; text: string };
  /** The algorithms that nothing but the length of the digests told. */
  byLength: ChecksumAlgorithm[];
  /** It has a signature, which is not checked. */
  signed: boolean;
}

const FORM = 'be "DIGEST  NAME" or "ALGORITHM (NAME) = DIGEST", ' +
  `the algorithm one of ${CHECKSUM_ALGORITHMS.join(", ")}`;
const ARMOR = /^-----(BEGIN|END) PGP (.*)-----\s*$/;
const COMMENT = /^(?:[#;]|\/\/)/;
/** Lines of files of checksums that are not read: those of Gentoo's Manifest and of OpenBSD's signify. */
const FOREIGN = /^(?:(?:DIST|MISC|EBUILD|AUX|DATA|MANIFEST|IGNORE|TIMESTAMP) \S|untrusted comment:)/;

/**
 * Reads a file of checksums such as SHA256SUMS: the lines that sha256sum and its like write, plain (`DIGEST  NAME`,
 * `DIGEST *NAME`) or with a tag (`SHA256 (NAME) = DIGEST`), with escaped names or not; `NAME  DIGEST`; digests in groups as
 * `gpg --print-md` writes them; and a digest alone, if the name of the file tells what it is about. Empty lines and comments
 * do not count, other lines are passed over.
 *
 * @param text The whole file.
 * @param options What tells the algorithm.
 * @returns The checksums, and what was passed over. `./` before a name is dropped.
 * @throws {ChecksumFileError} If it is no file of checksums at all, or one name has two digests of the same algorithm.
 *
 * @example
 * ```ts
 * import { parseChecksumFile } from "./checksum_file.ts";
 *
 * const { checksums } = parseChecksumFile("MD5 (empty) = d41d8cd98f00b204e9800998ecf8427e\n");
 * checksums.get("empty")?.algorithm; // "md5"
 * ```
 */
export function parseChecksumFile(text: string, options: ChecksumFileOptions = {}): ChecksumFile {
  const reader = new Reader(options);
  for (const [index, raw] of text.replace(/^\ufeff/, "").split("\n").entries()) {
    reader.take({ number: index + 1, text: raw.replace(/\r$/, "") });
  }
  return reader.end();
}

interface TextLine {
  /** Counted from 1. */
  number: number;
  text: string;
}

class Reader {
  readonly #options: ChecksumFileOptions;
  readonly #fileHint: AlgorithmHint | undefined;
  readonly #file: ChecksumFile = { checksums: new Map(), byLength: [], signed: false };
  readonly #seen = new Map<string, { digest: string; line: number }>();
  #heading: AlgorithmHint | undefined;
  /** What of a signed file is read now. */
  #armor: "none" | "header" | "body" | "signature" = "none";
  /** A digest in groups that the next line may go on with. */
  #open: { start: TextLine; found: ChecksumLine } | undefined;
  /** Something was passed over as a file of checksums may have it. */
  #foreign = false;

  constructor(options: ChecksumFileOptions) {
    this.#options = options;
    this.#fileHint = options.fileName === undefined ? undefined : algorithmOfFile(options.fileName);
  }

  take(line: TextLine): void {
    if (this.#isArmor(line.text)) return;
    // In a signed text a dash at the beginning is written as "- -".
    const unsigned = this.#armor === "body" ? line.text.replace(/^- /, "") : line.text;
    const more = this.#open === undefined ? undefined : parseGroups(unsigned);
    if (more !== undefined) {
      this.#open!.found.digest += more;
      return;
    }
    this.#close();
    const content = unsigned.replace(/^[ \t]+/, "");
    if (content.trim() === "") return;
    const comment = COMMENT.test(content);
    const found = comment ? undefined : parseChecksumLine(content);
    if (found !== undefined) return this.#keep(line, found);
    const heading = algorithmOfHeading(content);
    if (heading !== undefined) {
      this.#heading = heading;
      this.#foreign ||= heading === "unknown";
      return;
    }
    if (comment) return;
    const grouped = parseGroupedLine(content);
    if (grouped !== undefined) this.#open = { start: line, found: grouped };
    else this.#passOver(line, FOREIGN.test(content));
  }

  end(): ChecksumFile {
    this.#close();
    const { checksums, passedOver } = this.#file;
    if (checksums.size === 0 && passedOver !== undefined && !this.#foreign) {
      throw new ChecksumFileError(FORM, passedOver.line, passedOver.text);
    }
    return this.#file;
  }

  #isArmor(text: string): boolean {
    const [, word, what] = ARMOR.exec(text) ?? [];
    if (word !== undefined) {
      this.#close();
      this.#foreign = this.#file.signed = true;
      this.#armor = word === "END" ? "none" : what === "SIGNED MESSAGE" ? "header" : "signature";
      return true;
    }
    if (this.#armor === "header" && text.trim() === "") {
      this.#armor = "body";
      return true;
    }
    return this.#armor === "header" || this.#armor === "signature";
  }

  /** Ends a digest in groups. */
  #close(): void {
    if (this.#open === undefined) return;
    const { start, found } = this.#open;
    this.#open = undefined;
    this.#keep(start, found);
  }

  #keep(line: TextLine, found: ChecksumLine): void {
    const name = found.name ?? fileOfDigest(this.#options.fileName ?? "");
    const checksum = this.#checksumOf(found);
    if (name === undefined || checksum === undefined) return this.#passOver(line, this.#isUnknown(found));
    const key = `${checksum.algorithm}:${name}`;
    const before = this.#seen.get(key);
    if (before !== undefined && before.digest !== checksum.digest) {
      const must = `have the digest that line ${before.line} has for the same name, ${before.digest}`;
      throw new ChecksumFileError(must, line.number, line.text);
    }
    if (before === undefined) this.#seen.set(key, { digest: checksum.digest, line: line.number });
    const { checksums } = this.#file;
    checksums.set(name, strongestChecksum([checksums.get(name) ?? checksum, checksum]) ?? checksum);
  }

  /** What names the algorithm of a line, if anything does. */
  #hintOf({ tag }: ChecksumLine): AlgorithmHint | undefined {
    if (tag !== undefined) return parseAlgorithm(tag) ?? "unknown";
    return this.#heading ?? this.#options.algorithm ?? this.#fileHint;
  }

  #checksumOf(found: ChecksumLine): Checksum | undefined {
    const hint = this.#hintOf(found);
    if (hint === "unknown") return undefined;
    if (hint !== undefined) {
      const fits = found.tag !== undefined || found.digest.length === DIGEST_BYTES[hint] * 2;
      const digest = fits ? parseDigest(hint, found.digest) : undefined;
      return digest === undefined ? undefined : { algorithm: hint, digest };
    }
    const algorithm = algorithmOfLength(found.digest.length);
    if (algorithm === undefined) return undefined;
    if (!this.#file.byLength.includes(algorithm)) this.#file.byLength.push(algorithm);
    return { algorithm, digest: found.digest.toLowerCase() };
  }

  #isUnknown(found: ChecksumLine): boolean {
    return found.name !== undefined && this.#hintOf(found) === "unknown";
  }

  #passOver({ number, text }: TextLine, foreign: boolean): void {
    this.#foreign ||= foreign;
    this.#file.passedOver ??= { count: 0, line: number, text };
    this.#file.passedOver.count++;
  }
}
