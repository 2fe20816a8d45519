import { builtinModule } from "../base/builtin_module.ts";
import { peekBytes } from "./byte_peek.ts";
import { TaskFileError } from "./task_file_error.ts";
import { ZSTD_MAGIC, zstdFrames } from "./zstd_frames.ts";

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a task file as it is meant: unpacked, if it is packed with gzip or zstd, which its first bytes tell. No other task
 * file begins with them. Several packed files may stand one behind the other, and behind those of gzip zeros.
 *
 * @param chunks The bytes of the file; each piece need only be valid until the next one is asked for.
 * @returns The bytes, piece by piece.
 * @throws {TaskFileError} If it is packed and damaged, or not whole.
 */
export async function* unpackTaskFile(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { start, bytes } = await peekBytes(chunks, ({ length }) => length >= ZSTD_MAGIC.length);
  if (GZIP_MAGIC.every((byte, i) => start[i] === byte)) yield* gunzip(bytes);
  else if (ZSTD_MAGIC.every((byte, i) => start[i] === byte)) yield* unzstd(bytes);
  else yield* bytes;
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
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
  const unpacked = builtinModule("node:zlib").createGunzip({ chunkSize: CHUNK_BYTES });
  yield* through(copies, unpacked, "gzip");
  // Zeros end it, whatever stands behind them.
  if (unpacked.bytesWritten < zerosFrom) throw damaged("gzip");
}

/** Each frame by itself: the decoder would take the end of the first one for the end of all, and a cut one for whole. */
async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const frame of zstdFrames(bytes, () => damaged("zstd"))) {
    let length = 0;
    for await (const piece of through(frame.bytes, builtinModule("node:zlib").createZstdDecompress(), "zstd")) {
      length += piece.length;
      yield piece;
    }
    if (frame.contentBytes !== undefined && frame.contentBytes !== length) throw damaged("zstd");
  }
}

/** What a decoder makes of bytes that stay what they are. */
async function* through(
  bytes: AsyncIterable<Uint8Array>,
  decoder: import("node:stream").Transform,
  by: string,
): AsyncGenerator<Uint8Array, void, void> {
  const source = builtinModule("node:stream").Readable.from(bytes);
  let unread: Error | undefined;
  source.on("error", (error) => decoder.destroy(unread = error));
  source.pipe(decoder);
  try {
    yield* decoder;
  } catch (error) {
    throw unread ?? damaged(by, error);
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

function damaged(by: string, cause?: unknown): TaskFileError {
  return new TaskFileError(`It is packed with ${by}, and damaged or not whole`, 1, 1, { cause });
}
