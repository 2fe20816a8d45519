const SMALL = 16 * 1024;
const LARGE = 256 * 1024;
const KEPT = 64;

/**
 * Buffers that downloads of one thread read into, used again and again: fresh memory has to be zeroed and collected. A
 * download starts with a small one, and takes a large one as soon as a read fills it; so five hundred slow connections
 * hold little, and a fast one reads in large pieces.
 */
export class BufferPool {
  readonly #small: ArrayBuffer[] = [];
  readonly #large: ArrayBuffer[] = [];

  /** A buffer to begin with. */
  first(): ArrayBuffer {
    return this.#small.pop() ?? new ArrayBuffer(SMALL);
  }

  /** A buffer for the next read, after one that put `filled` bytes into `buffer`. */
  next(buffer: ArrayBuffer, filled: number): ArrayBuffer {
    if (filled < buffer.byteLength || buffer.byteLength >= LARGE) return buffer;
    this.release(buffer);
    return this.#large.pop() ?? new ArrayBuffer(LARGE);
  }

  /** Gives a buffer back. */
  release(buffer: ArrayBuffer): void {
    const shelf = buffer.byteLength === SMALL ? this.#small : buffer.byteLength === LARGE ? this.#large : undefined;
    if (shelf !== undefined && shelf.length < KEPT) shelf.push(buffer);
  }
}
