import type { Transform } from "node:stream";
import { builtinModule } from "../base/builtin_module.ts";
import type { ContentCoding } from "./content_encoding.ts";
import { peekBytes } from "../queue/byte_peek.ts";
import { zstdFrames } from "../queue/zstd_frames.ts";

type Pieces = AsyncIterable<Uint8Array>;

/** So many bytes tell what a body begins with. */
const LOOK_BYTES = 2;
/**
 * A block gives at most half as much. Where what comes of a piece does not fit at once, the runtime throws what is wrong with it
 * where nobody can catch that.
 */
const ZSTD_ROOM = 256 * 1024;
/** What comes out is handed over in pieces of at most so many bytes. */
const chunkSize = 64 * 1024;

/**
 * Undoes content codings. A body without a byte is one without a byte, whatever its coding. Of gzip all members are read, and of
 * zstd all frames; `deflate` may have the wrapper of zlib, as it must, or not, as many send it.
 *
 * @param body The body, piece by piece; the pieces must stay as they are.
 * @param codings The codings in the order in which they were applied. One that stands there twice in a row is undone the second
 * time only if the body still begins like it: many name it twice who apply it once.
 * @returns What it was before, piece by piece.
 * @throws {Error} If it is not what the codings say, or not all of it.
 */
export function decodeBody(body: Pieces, codings: readonly ContentCoding[]): Pieces {
  return codings.reduceRight<Pieces>((rest, coding, i) => decode(rest, coding, codings[i + 1] === coding), body);
}

async function* decode(body: Pieces, coding: ContentCoding, again: boolean): Pieces {
  const { start, bytes } = await peekBytes(body, ({ length }) => length >= LOOK_BYTES);
  if (start.length === 0) return;
  if (again && !begins(start, coding)) yield* bytes;
  else yield* DECODERS[coding](bytes, start);
}

const DECODERS: Record<ContentCoding, (body: Pieces, start: Uint8Array) => Pieces> = {
  gzip: (body) => through(body, zlib().createGunzip({ chunkSize })),
  deflate: (body, start) => {
    return through(
      body,
      begins(start, "deflate") ? zlib().createInflate({ chunkSize }) : zlib().createInflateRaw({ chunkSize }),
    );
  },
  // That of node:zlib does not notice when a body ends too early.
  br: (body) => ReadableStream.from(body as AsyncIterable<BufferSource>).pipeThrough(new DecompressionStream("brotli")),
  zstd: unframed,
};

/** True if a file begins so that is packed in the way of a coding; of those that say so by their first bytes. */
export function beginsPacked(first: Uint8Array, coding: ContentCoding): boolean {
  return (coding === "gzip" || coding === "zstd") && begins(first, coding);
}

/** True if a body may begin so that is coded; of deflate, one in the wrapper of zlib. */
function begins([first = 0, second = 0]: Uint8Array, coding: ContentCoding): boolean {
  switch (coding) {
    case "gzip":
      return first === 0x1f && second === 0x8b;
    case "deflate":
      // No deflate without the wrapper begins so: it would be a stored block, of which the rest of the byte is zero.
      return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
    case "zstd":
      return first === 0x28 && second === 0xb5;
    case "br":
      return true;
  }
}

/** The frames of zstd: the decoder takes one, and says neither where that ends nor that it was cut. */
async function* unframed(body: Pieces): Pieces {
  const damaged = () => new Error("one of its frames is damaged, or not whole");
  for await (const frame of zstdFrames(body, damaged)) {
    let length = 0;
    for await (const piece of through(frame.bytes, zlib().createZstdDecompress({ chunkSize: ZSTD_ROOM }))) {
      length += piece.length;
      yield piece;
    }
    if (frame.contentBytes !== undefined && frame.contentBytes !== length) throw damaged();
  }
}

/** Sends a body through a decoder of Node. */
async function* through(body: Pieces, decoder: Transform & { readonly bytesWritten: number }): Pieces {
  let sent = 0;
  // Some of them fail once more when nobody reads them any longer.
  decoder.on("error", () => {});
  (async () => {
    for await (const piece of body) {
      sent += piece.length;
      if (!await written(decoder, piece)) return;
    }
    decoder.end();
  })().catch((error) => void decoder.destroy(error));
  try {
    yield* decoder as Pieces;
    // Of gzip and zstd it reads all there is, of deflate only what it needs.
    if (decoder.bytesWritten !== sent) throw new Error("bytes follow its end");
  } finally {
    // Whoever wants no more of it does not wait for the next piece of the body.
    decoder.destroy();
  }
}

/** Resolves when a decoder has read a piece; to false if it takes no more. */
function written(decoder: Transform, piece: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const closed = () => resolve(false);
    decoder.once("close", closed);
    decoder.write(piece, (error) => {
      decoder.off("close", closed);
      resolve(!error);
    });
  });
}

function zlib() {
  return builtinModule("node:zlib");
}
