import { redactUrl } from "../base/redact_url.ts";
import { BodyDigest, digestFile } from "./body_digest.ts";
import { type Checksum, formatChecksum, parseChecksum, strongestChecksum } from "./checksum.ts";
import { digestHeader } from "./digest_header.ts";
import { DownloadError } from "./download_error.ts";
import type { DriverResponse } from "./download_driver.ts";
import { expectTypeProblem } from "./expect_type.ts";
import type { Watched } from "./watchdog.ts";

/** What arrived is not what was asked for. It is worth one more try from the first byte, and then no more. */
export class IntegrityError extends DownloadError {
  /** @param message What is wrong. */
  constructor(message: string) {
    super("integrity", message, { retryable: false });
  }
}

/** What the user says of a file before it is there. */
export interface Wish {
  /** Where it goes. */
  out: string;
  /** Its checksum, such as `sha-256:` and hex. */
  checksum?: string;
  /** Its size in bytes. */
  size?: number;
}

/** What is looked at of an answer. */
export type ExpectedResponse = Pick<
  DriverResponse,
  "finalUrl" | "headers" | "decoded" | "offset" | "end" | "length"
>;

/** How many bytes tell what kind of file it is. */
const FIRST_BYTES = 4096;

/**
 * Everything that one answer must keep to: the user's checksum, size and type, and the digests that the server itself
 * sent along. Nothing is computed if nothing was asked for.
 */
export class Expectations {
  readonly #wish: Wish;
  readonly #response: ExpectedResponse;
  readonly #expectType: string | undefined;
  readonly #knownType: string | undefined;
  readonly #checksums: Checksum[] = [];
  /** The one of them that the server says of what it sends. */
  #sent: Checksum | undefined;
  #digest: BodyDigest | undefined;
  #bytes = 0;
  #first = true;

  /**
   * @param wish What the user says of it.
   * @param response The answer.
   * @param expectType Which types are fine; absent: all.
   * @param knownType The type that an earlier answer said, for an answer to a range that says none. Default: none did.
   * @throws {IntegrityError} If the head of the answer shows that it is wrong.
   */
  constructor(wish: Wish, response: ExpectedResponse, expectType: string | undefined, knownType?: string) {
    this.#wish = wish;
    this.#response = response;
    this.#expectType = expectType;
    this.#knownType = knownType;
    if (wish.checksum !== undefined) {
      const parsed = parseChecksum(wish.checksum);
      if (parsed.type === "problem") {
        throw new DownloadError("integrity", `Cannot check the file as its ${parsed.message}`);
      }
      this.#checksums.push(parsed.checksum);
    }
    const { headers, decoded = false, offset, end } = response;
    if (headers !== undefined) {
      this.#sent = digestHeader(headers, { decoded, partial: offset > 0 || end !== undefined });
      if (this.#sent !== undefined) this.#checksums.push(this.#sent);
    }
    if (this.#checksums.length > 0) this.#digest = new BodyDigest(this.#algorithms);
    if (response.length !== undefined) this.#checkSize(response.length);
  }

  get #algorithms() {
    return [...new Set(this.#checksums.map(({ algorithm }) => algorithm))];
  }

  /**
   * Takes bytes into account that are in the file already, from its beginning. Their digest is left to
   * {@linkcode Expectations.readBack}: a server hangs up on who reads a large file first, while its answer waits.
   */
  resume(path: string, bytes: number): void {
    this.#bytes = bytes;
    if (this.#first && this.#expectType !== undefined) this.#checkType(firstBytes(path, bytes));
    this.#first = false;
    this.#digest = undefined;
  }

  /** Takes the whole file into account as it is on the disk; all that came before is forgotten. */
  async readBack(path: string, bytes: number, watched: Pick<Watched, "signal" | "rest">): Promise<void> {
    this.resume(path, bytes);
    if (this.#checksums.length === 0) return;
    this.#digest = await digestFile(path, this.#algorithms, {
      until: bytes,
      signal: watched.signal,
      heard: () => watched.rest(),
    });
  }

  /** Takes a piece of the body into account. */
  update(piece: Uint8Array): void {
    if (this.#first) this.#checkType(piece);
    this.#first = false;
    this.#bytes += piece.length;
    this.#digest?.update(piece);
  }

  /**
   * The file is whole.
   *
   * @throws {DownloadError} If bytes are missing, or it is not what was expected.
   */
  verify(): void {
    this.verifySent();
    if (this.#first) this.#checkType(new Uint8Array());
    this.#checkSize(this.#bytes);
    for (const checksum of this.#checksums) this.#verifyDigest(checksum);
  }

  /**
   * All that the server sends has come: it must be what the server says of it, whatever the user says of the file.
   *
   * @throws {DownloadError} If bytes are missing, or they have another digest.
   */
  verifySent(): void {
    const { length } = this.#response;
    if (length !== undefined && length !== this.#bytes) {
      throw new DownloadError("network", `${this.#host}: ${this.#bytes} bytes came instead of ${length}`);
    }
    if (this.#sent !== undefined) this.#verifyDigest(this.#sent);
  }

  #verifyDigest(checksum: Checksum): void {
    const problem = this.#digest?.verify(checksum);
    if (problem !== undefined) throw new IntegrityError(`${this.#host}: the file's ${problem}`);
  }

  /** The strongest checksum that the whole file was found to have; undefined if none was computed. */
  get digest(): string | undefined {
    const strongest = strongestChecksum(this.#checksums);
    return strongest === undefined ? undefined : formatChecksum(strongest);
  }

  #checkSize(bytes: number): void {
    const { size } = this.#wish;
    if (size === undefined || size === bytes) return;
    throw new IntegrityError(`${this.#host}: the file's size must be ${size}: current value is ${bytes}`);
  }

  #checkType(piece: Uint8Array): void {
    if (this.#expectType === undefined) return;
    const contentType = this.#response.headers?.get("content-type") ?? this.#knownType;
    const problem = expectTypeProblem(this.#expectType, {
      ...(contentType === undefined ? {} : { contentType }),
      out: this.#wish.out,
      firstBytes: piece.subarray(0, FIRST_BYTES),
    });
    if (problem !== undefined) throw new IntegrityError(`${this.#host}: the file's ${problem}`);
  }

  get #host(): string {
    return URL.parse(redactUrl(this.#response.finalUrl))?.host ?? "";
  }
}

/** How a file begins. */
function firstBytes(path: string, bytes: number): Uint8Array {
  using file = Deno.openSync(path, { read: true });
  const first = new Uint8Array(Math.min(bytes, FIRST_BYTES));
  let read = 0;
  while (read < first.length) {
    const count = file.readSync(first.subarray(read));
    if (count === null) break;
    read += count;
  }
  return first.subarray(0, read);
}
