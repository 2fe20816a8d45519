import type { Hash } from "node:crypto";
import { builtinModule } from "../base/builtin_module.ts";
import { type Checksum, CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "./checksum.ts";

/** What {@linkcode digestFile} may be told. */
export interface DigestFileOptions {
  /** How many bytes from the start count. Default: all that there are. */
  until?: number;
  /** Ends the reading. */
  signal?: AbortSignal;
  /** Called after each piece, with its length: it goes on. */
  heard?: (bytes: number) => void;
}

const PIECE_BYTES = 1024 * 1024;
/** A file up to this many bytes is read at once: for each of a million, a buffer and a thread cost more than all else. */
const SMALL_BYTES = 64 * 1024;
/** How long small files are read before other work gets its turn. */
const TURN_MS = 10;
let scratch: Uint8Array<ArrayBuffer> | undefined;
let turnAt = 0;

/**
 * The digests of bytes that come piece by piece, by one or several algorithms at a time.
 *
 * @example
 * ```ts
 * import { BodyDigest } from "./body_digest.ts";
 *
 * const digest = new BodyDigest(["md5"]);
 * digest.update(new Uint8Array(0));
 * digest.verify({ algorithm: "md5", digest: "d41d8cd98f00b204e9800998ecf8427e" }); // undefined
 * ```
 */
export class BodyDigest {
  readonly #hashes: ReadonlyMap<ChecksumAlgorithm, Hash>;
  readonly #digests = new Map<ChecksumAlgorithm, string>();
  #bytes = 0;

  /**
   * Starts without any bytes.
   *
   * @param algorithms How to compute; one that is named twice counts once.
   */
  constructor(algorithms: Iterable<ChecksumAlgorithm>) {
    const { createHash } = builtinModule("node:crypto");
    this.#hashes = new Map(
      Array.from(algorithms, (algorithm) => [algorithm, createHash(algorithm.replace("-", ""))] as const),
    );
  }

  /** How many bytes came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the next bytes. They are read before this returns.
   *
   * @throws {Error} If a digest was asked for before.
   */
  update(bytes: Uint8Array): void {
    if (this.#digests.size > 0) throw new Error("Cannot add bytes as the digest must be open: current value is final");
    for (const hash of this.#hashes.values()) hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /**
   * The checksum of all bytes that came. No more can come after it.
   *
   * @throws {RangeError} If the algorithm is not one of those that are computed.
   */
  checksum(algorithm: ChecksumAlgorithm): Checksum {
    const hash = this.#hashes.get(algorithm);
    if (hash === undefined) {
      const known = CHECKSUM_ALGORITHMS.filter((name) => this.#hashes.has(name)).join(", ");
      throw new RangeError(`Cannot compute as the algorithm must be one of ${known}: current value is ${algorithm}`);
    }
    const digest = this.#digests.get(algorithm) ?? hash.digest("hex");
    this.#digests.set(algorithm, digest);
    return { algorithm, digest };
  }

  /**
   * Compares all bytes that came with a checksum. No more can come after it.
   *
   * @returns `undefined` if they have it, or else what their digest must be and what it is.
   * @throws {RangeError} If its algorithm is not one of those that are computed.
   */
  verify(checksum: Checksum): string | undefined {
    const { algorithm, digest } = this.checksum(checksum.algorithm);
    return digest === checksum.digest
      ? undefined
      : `${algorithm} must be ${checksum.digest}: current value is ${digest}`;
  }
}

/**
 * Reads a file, or the start of it, into digests. Between pieces of 1 MiB, and every 10 ms between small files, other work
 * gets its turn.
 *
 * @param path The file.
 * @param algorithms How to compute.
 * @param options How far, and what ends it.
 * @returns The digests, still open: the bytes that follow can be added.
 * @throws {Deno.errors.UnexpectedEof} If the file has fewer bytes than `until`.
 * @throws {RangeError} If `until` is not a whole number of at least 0.
 * @throws What the file system says, or the reason of the signal.
 */
export async function digestFile(
  path: string,
  algorithms: Iterable<ChecksumAlgorithm>,
  options: DigestFileOptions = {},
): Promise<BodyDigest> {
  const { until, signal, heard } = options;
  if (until !== undefined && !(Number.isSafeInteger(until) && until >= 0)) {
    throw new RangeError(
      `Cannot read ${path} as until must be a whole number of at least 0: current value is ${until}`,
    );
  }
  signal?.throwIfAborted();
  const digest = new BodyDigest(algorithms);
  // Opening one takes a few microseconds, and a thread that does it instead ten times as many.
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  const small = Math.min(size, until ?? size) <= SMALL_BYTES;
  const piece = small
    ? scratch ??= new Uint8Array(SMALL_BYTES)
    : new Uint8Array(Math.min(PIECE_BYTES, size, until ?? size));
  while (until === undefined || digest.bytes < until) {
    signal?.throwIfAborted();
    const rest = until === undefined ? piece.length : until - digest.bytes;
    const room = rest < piece.length ? piece.subarray(0, rest) : piece;
    const count = small ? file.readSync(room) : await file.read(room);
    if (count === null) break;
    digest.update(piece.subarray(0, count));
    heard?.(count);
    // What the system has in memory is read at once, and then waiting for it alone lets nobody else in.
    if (!small) await othersTurn();
  }
  if (performance.now() - turnAt > TURN_MS) await othersTurn();
  if (until !== undefined && digest.bytes < until) {
    throw new Deno.errors.UnexpectedEof(
      `Cannot read ${path} as it must have at least ${until} bytes: current value is ${digest.bytes}`,
    );
  }
  return digest;
}

async function othersTurn(): Promise<void> {
  await builtinModule("node:timers/promises").setImmediate();
  turnAt = performance.now();
}
