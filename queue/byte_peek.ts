/** The beginning of some bytes, and all of them. */
export interface BytePeek {
  /** As many bytes as were enough, or all of them. */
  start: Uint8Array<ArrayBuffer>;
  /** All bytes, piece by piece; each piece need only be valid until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * Looks at the beginning of some bytes before they are read.
 *
 * @param chunks The bytes, piece by piece; each piece need only be valid until the next one is asked for.
 * @param enough Says whether a beginning is long enough to judge.
 * @returns The beginning, and the bytes with it.
 */
export async function peekBytes(
  chunks: AsyncIterable<Uint8Array>,
  enough: (start: Uint8Array) => boolean,
): Promise<BytePeek> {
  const source = chunks[Symbol.asyncIterator]();
  let start = new Uint8Array(0);
  while (!enough(start)) {
    const { done, value } = await source.next();
    if (done) break;
    start = concatBytes([start, value]);
  }
  const rest: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => source };
  const bytes = (async function* () {
    if (start.length > 0) yield start;
    yield* rest;
  })();
  return { start, bytes };
}

/** Bytes one behind the other, in memory of their own. */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
