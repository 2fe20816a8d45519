import { peekBytes } from "./byte_peek.ts";

/**
 * The bytes of a text in UTF-8: as they are, or from UTF-16, which a byte order mark tells. Half of a character becomes
 * a byte that is not UTF-8, so that its line is refused.
 *
 * @param chunks The bytes; each piece need only be valid until the next one is asked for.
 */
export async function* textBytes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { start, bytes } = await peekBytes(chunks, ({ length }) => length >= 2);
  const [first, second] = start;
  if (first === 0xff && second === 0xfe) yield* fromUtf16(bytes, true);
  else if (first === 0xfe && second === 0xff) yield* fromUtf16(bytes, false);
  else yield* bytes;
}

async function* fromUtf16(bytes: AsyncIterable<Uint8Array>, little: boolean): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  let rest = new Uint8Array(0);
  let high = "";
  for await (const chunk of bytes) {
    const all = new Uint8Array(rest.length + chunk.length);
    all.set(rest);
    all.set(chunk, rest.length);
    const even = all.length - all.length % 2;
    rest = all.slice(even);
    const text = high + unitsOf(all.subarray(0, even), little);
    // A pair that is cut goes on with the next piece.
    high = /[\ud800-\udbff]$/.test(text) ? text.at(-1)! : "";
    yield* wellFormed(text.slice(0, text.length - high.length), encoder);
  }
  if (high !== "" || rest.length > 0) yield BAD;
}

/** No text in UTF-8 has this byte. */
const BAD: Uint8Array = new Uint8Array([0xff]);

function* wellFormed(text: string, encoder: TextEncoder): Generator<Uint8Array> {
  if (text.isWellFormed()) {
    if (text !== "") yield encoder.encode(text);
    return;
  }
  for (const part of text.split(/([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/)) {
    if (part !== "") yield part.isWellFormed() ? encoder.encode(part) : BAD;
  }
}

function unitsOf(bytes: Uint8Array, little: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const units: string[] = [];
  for (let at = 0; at < bytes.length; at += STEP) {
    const codes: number[] = [];
    for (let i = at; i < Math.min(bytes.length, at + STEP); i += 2) codes.push(view.getUint16(i, little));
    units.push(String.fromCharCode(...codes));
  }
  return units.join("");
}

/** As many bytes at once as a call takes arguments without harm. */
const STEP = 8192;
