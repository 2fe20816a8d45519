const MAGIC = 0xfd2fb528;
/** The first of sixteen. */
const SKIPPABLE = 0x184d2a50;
const SKIP_BYTES = 4;
const BLOCK_BYTES = 3;
const CHECKSUM_BYTES = 4;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** What comes next in a frame. */
type Part = "magic" | "skip" | "descriptor" | "block" | "last block" | "over";

/**
 * Finds the end of one frame of zstd (RFC 8878, section 3.1) without a look into its blocks: the decoder of the runtime undoes
 * one frame, and says neither where that ends nor that it was cut.
 */
export class ZstdFrame {
  /** So many bytes tell what kind of frame it is. */
  static readonly MAGIC_BYTES = 4;
  #part: Part = "magic";
  /** The bytes of a number, as far as they came, and how many it has. */
  #number: number[] = [];
  #size = ZstdFrame.MAGIC_BYTES;
  /** So many bytes come before the next number. */
  #passing = 0;
  /** Bytes of the checksum behind the last block. */
  #checksum = 0;

  /** True for the beginning of a frame that is no part of the data. */
  static isSkippable(bytes: Uint8Array): boolean {
    return bytes.length >= this.MAGIC_BYTES && isSkippable(littleEndian(bytes.subarray(0, this.MAGIC_BYTES)));
  }

  /** True when all of it has come. */
  get whole(): boolean {
    return this.#part === "over";
  }

  /**
   * Takes what came, up to the end of a block at the most.
   *
   * @param bytes What came.
   * @returns How many of the bytes belong to the frame, as far as the end of a block.
   * @throws {Error} If this is no frame.
   */
  take(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.whole) {
      if (this.#passing > 0) {
        const count = Math.min(this.#passing, bytes.length - at);
        at += count;
        this.#passing -= count;
        if (this.#passing > 0) break;
        if (this.#size === 0) this.#part = "over";
        return at;
      }
      this.#number.push(bytes[at++]!);
      if (this.#number.length === this.#size) this.#read();
    }
    return at;
  }

  #read(): void {
    const number = littleEndian(this.#number);
    this.#number = [];
    switch (this.#part) {
      case "magic":
        if (isSkippable(number)) return this.#expect("skip", SKIP_BYTES);
        if (number !== MAGIC) throw new Error("a frame does not begin as those of zstd do");
        return this.#expect("descriptor", 1);
      case "skip":
        return this.#end(number);
      case "descriptor":
        return this.#readDescriptor(number);
      default:
        return this.#readBlock(number);
    }
  }

  #readDescriptor(descriptor: number): void {
    const single = (descriptor >> 5) & 1;
    this.#checksum = ((descriptor >> 2) & 1) * CHECKSUM_BYTES;
    const dictionary = DICTIONARY_BYTES[descriptor & 3]!;
    const sizeFlag = descriptor >> 6;
    const contentSize = sizeFlag === 0 ? single : 1 << sizeFlag;
    this.#passing = 1 - single + dictionary + contentSize;
    this.#expect("block", BLOCK_BYTES);
  }

  #readBlock(header: number): void {
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw new Error("a block is of a kind that does not exist");
    const bytes = type === RLE_BLOCK ? 1 : header >> 3;
    if ((header & 1) === 1) return this.#end(bytes + this.#checksum);
    this.#passing = bytes;
    this.#expect("block", BLOCK_BYTES);
  }

  #expect(part: Part, size: number): void {
    this.#part = part;
    this.#size = size;
  }

  /** No number follows, only so many bytes. */
  #end(bytes: number): void {
    this.#passing = bytes;
    this.#expect(bytes === 0 ? "over" : "last block", 0);
  }
}

function isSkippable(magic: number): boolean {
  return magic >= SKIPPABLE && magic < SKIPPABLE + 16;
}

function littleEndian(bytes: ArrayLike<number>): number {
  return Array.from(bytes).reduceRight((high, byte) => high * 256 + byte, 0);
}
