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
    const longer = new Uint8Array(start.length + value.length);
    longer.set(start);
    longer.set(value, start.length);
    start = longer;
  }
  const rest: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => source };
  const bytes = (async function* () {
    if (start.length > 0) yield start;
    yield* rest;
  })();
  return { start, bytes };
}
