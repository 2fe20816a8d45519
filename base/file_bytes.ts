const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a file from where it is to its end, always into the same memory.
 *
 * @param file The file.
 * @param chunkBytes How much to read at once. Default 64 KiB.
 * @returns The bytes; each piece is only valid until the next one is asked for.
 */
export async function* fileBytes(
  file: Deno.FsFile,
  chunkBytes: number = CHUNK_BYTES,
): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(chunkBytes);
  while (true) {
    const count = await file.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}
