/**
 * Finds the frames of a file that is packed with zstd (RFC 8878), without unpacking them.
 *
 * @module
 */

/** How a frame begins. */
export const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
const MAGIC = 0xfd2fb528;
/** Frames with these numbers, and up to 15 more, hold nothing of the file. */
const SKIPPABLE = 0x184d2a50;
const RLE = 1;
const RESERVED = 3;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const LENGTH_BYTES = [0, 2, 4, 8] as const;

/** One frame. */
export interface ZstdFrame {
  /** Its bytes, in memory of their own; they must be read before the next frame is asked for. */
  bytes: AsyncGenerator<Uint8Array, void, void>;
  /** How many bytes are packed in it, if it says so: known when its bytes were read. */
  readonly contentBytes: number | undefined;
}

/**
 * Yields the frames, one after the other.
 *
 * @param chunks The bytes; each piece need only be valid until the next one is asked for.
 * @param damaged Makes the error for what is no frame, or not whole.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Uint8Array>,
  damaged: () => Error,
): AsyncGenerator<ZstdFrame, void, void> {
  const reader = new Reader(chunks, damaged);
  while (await reader.more()) {
    const magic = uint(await reader.take(4));
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      const length = uint(await reader.take(4));
      for await (const _ of reader.pieces(length));
    } else if (magic === MAGIC) {
      const facts: { contentBytes: number | undefined } = { contentBytes: undefined };
      const bytes = frameBytes(reader, facts);
      yield {
        bytes,
        get contentBytes() {
          return facts.contentBytes;
        },
      };
      // Whoever stops early has read enough of this frame only.
      for await (const _ of bytes);
    } else throw damaged();
  }
}

async function* frameBytes(
  reader: Reader,
  facts: { contentBytes: number | undefined },
): AsyncGenerator<Uint8Array, void, void> {
  yield new Uint8Array(ZSTD_MAGIC);
  const descriptor = await reader.take(1);
  yield descriptor;
  const flags = descriptor[0]!;
  const single = (flags & 0x20) !== 0;
  const lengthBytes = flags >> 6 === 0 && single ? 1 : LENGTH_BYTES[flags >> 6]!;
  const before = (single ? 0 : 1) + DICTIONARY_BYTES[flags & 3]!;
  const header = await reader.take(before + lengthBytes);
  yield header;
  if (lengthBytes > 0) facts.contentBytes = uint(header.subarray(before)) + (lengthBytes === 2 ? 256 : 0);
  for (let last = false; !last;) {
    const block = await reader.take(3);
    yield block;
    const value = uint(block);
    last = (value & 1) === 1;
    const type = (value >> 1) & 3;
    if (type === RESERVED) throw reader.damaged();
    yield* reader.pieces(type === RLE ? 1 : value >> 3);
  }
  if ((flags & 4) !== 0) yield await reader.take(4);
}

/** Takes bytes in the numbers that are asked for. */
class Reader {
  readonly damaged: () => Error;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>, damaged: () => Error) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.damaged = damaged;
  }

  /** True if there is a further byte. */
  async more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#rest = value;
    }
    return true;
  }

  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let at = 0;
    for await (const piece of this.pieces(count)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  async *pieces(count: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = count; left > 0;) {
      if (!await this.more()) throw this.damaged();
      const piece = this.#rest.slice(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}

/** An unsigned number, its lowest byte first. */
function uint(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
