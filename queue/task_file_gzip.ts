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
  const source = chunks[Symbol.asyncIterator]();
  const first = await readStart(source);
  const packed = MAGIC.every((byte, i) => first[i] === byte);
  if (first.length > 0 && !packed) yield first;
  const rest: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => source };
  if (!packed) return yield* rest;
  // A stream reads ahead: what it gets must stay what it is.
  const copies = (async function* () {
    yield first as Uint8Array<ArrayBuffer>;
    for await (const chunk of rest) yield chunk.slice();
  })();
  try {
    yield* ReadableStream.from(copies).pipeThrough(new DecompressionStream("gzip"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TaskFileError("It is packed with gzip, and damaged or not whole", 1, 1, { cause: error });
  }
}

/** At least two bytes, if there are as many. */
async function readStart(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let start = new Uint8Array(0);
  while (start.length < MAGIC.length) {
    const { done, value } = await source.next();
    if (done) break;
    const longer = new Uint8Array(start.length + value.length);
    longer.set(start);
    longer.set(value, start.length);
    start = longer;
  }
  return start;
}
