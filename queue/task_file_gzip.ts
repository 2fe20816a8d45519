import { peekBytes } from "./byte_peek.ts";
import { TaskFileError } from "./task_file_error.ts";

const MAGIC = [0x1f, 0x8b] as const;

/**
 * The bytes of a task file as it is meant: unpacked, if it is packed with gzip, which its first two bytes tell. No other task
 * file begins with them.
 *
 * @param chunks The bytes of the file; each piece need only be valid until the next one is asked for.
 * @returns The bytes, piece by piece.
 * @throws {TaskFileError} If it is packed and damaged, or not whole.
 */
export async function* unpackTaskFile(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { start, bytes } = await peekBytes(chunks, ({ length }) => length >= MAGIC.length);
  if (!MAGIC.every((byte, i) => start[i] === byte)) return yield* bytes;
  // A stream reads ahead: what it gets must stay what it is.
  const copies = (async function* () {
    for await (const chunk of bytes) yield chunk.slice();
  })();
  try {
    yield* ReadableStream.from(copies).pipeThrough(new DecompressionStream("gzip"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TaskFileError("It is packed with gzip, and damaged or not whole", 1, 1, { cause: error });
  }
}
