const BLOCK_BYTES = 1 << 20;
const SECTOR_BYTES = 512;

/**
 * The content of the files that a workload serves. It is made of one random
 * block that repeats; every 512 bytes start with the file's number and the
 * position, so that a byte taken from another file, from another place of the
 * same file or from nowhere does not pass.
 *
 * The content follows from the numbers alone: nothing has to be kept to check it.
 */
export class Payload {
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #view = new DataView(this.#block.buffer);

  constructor() {
    let state = 0x9e3779b9;
    for (let at = 0; at < BLOCK_BYTES; at += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      this.#view.setInt32(at, state);
    }
  }

  /**
   * Gives a file's bytes from `offset` on: one block, or what is left of the file.
   *
   * @param file The file's number.
   * @param size The file's length in bytes.
   * @param offset A multiple of 1 MiB; at or past `size` the result is empty.
   * @returns A view that is valid until the next call.
   */
  block(file: number, size: number, offset: number): Uint8Array<ArrayBuffer> {
    const length = Math.max(0, Math.min(BLOCK_BYTES, size - offset));
    for (let at = 0; at < length; at += SECTOR_BYTES) {
      this.#view.setUint32(at, file);
      this.#view.setUint32(at + 4, (offset + at) / SECTOR_BYTES);
    }
    return this.#block.subarray(0, length);
  }
}

/** The name of a file in the source and in the output folder. */
export function payloadName(file: number): string {
  return `${String(file).padStart(7, "0")}.bin`;
}
