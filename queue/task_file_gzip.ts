import { builtinModule } from "../base/builtin_module.ts";
import { peekBytes } from "./byte_peek.ts";
import { TaskFileError } from "./task_file_error.ts";

const MAGIC = [0x1f, 0x8b] as const;
const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a task file as it is meant: unpacked, if it is packed with gzip, which its first two bytes tell. No other task
 * file begins with them. Several packed files may stand one behind the other, and zeros behind the last.
 *
 * @param chunks The bytes of the file; each piece need only be valid until the next one is asked for.
 * @returns The bytes, piece by piece.
 * @throws {TaskFileError} If it is packed and damaged, or not whole.
 */
export async function* unpackTaskFile(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { start, bytes } = await peekBytes(chunks, ({ length }) => length >= MAGIC.length);
  if (!MAGIC.every((byte, i) => start[i] === byte)) return yield* bytes;
  let read = 0;
  let zerosFrom = 0;
  // A stream reads ahead: what it gets must stay what it is.
  const copies = (async function* () {
    for await (const chunk of bytes) {
      const last = chunk.findLastIndex((byte) => byte !== 0);
      if (last >= 0) zerosFrom = read + last + 1;
      read += chunk.length;
      yield chunk.slice();
    }
  })();
  const source = builtinModule("node:stream").Readable.from(copies);
  const unpacked = builtinModule("node:zlib").createGunzip({ chunkSize: CHUNK_BYTES });
  let unread: Error | undefined;
  source.on("error", (error) => unpacked.destroy(unread = error));
  source.pipe(unpacked);
  try {
    yield* unpacked;
  } catch (error) {
    throw unread ?? damaged(error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
  // Zeros end it, whatever stands behind them.
  if (unpacked.bytesWritten < zerosFrom) throw damaged();
}

function damaged(cause?: unknown): TaskFileError {
  return new TaskFileError("It is packed with gzip, and damaged or not whole", 1, 1, { cause });
}
