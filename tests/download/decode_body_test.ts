import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import type { ContentCoding } from "../../download/content_encoding.ts";
import { decodeBody } from "../../download/decode_body.ts";
import { bytesFor } from "../support/fault_server.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const PLAIN = bytesFor("x", 400_000).map((byte, i) => i < 200_000 ? byte ^ (i >> 7) : 7);
const CHECKED = { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } };
const CODED: Record<string, [coding: ContentCoding, encode: (bytes: Uint8Array) => Uint8Array]> = {
  gzip: ["gzip", zlib.gzipSync],
  deflate: ["deflate", zlib.deflateSync],
  "raw deflate": ["deflate", zlib.deflateRawSync],
  br: ["br", zlib.brotliCompressSync],
  zstd: ["zstd", (bytes) => zlib.zstdCompressSync(bytes)],
  "zstd with a checksum": ["zstd", (bytes) => zlib.zstdCompressSync(bytes, CHECKED)],
};
/** A frame of zstd that is none of the data. */
const SKIPPABLE = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5);

function bytesOf(...parts: Uint8Array[]): Bytes {
  return Uint8Array.from(Buffer.concat(parts));
}

async function* cut(bytes: Bytes, sizes: readonly number[]): AsyncGenerator<Bytes> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    yield bytes.slice(at, at += sizes[turn % sizes.length]!);
  }
}

async function decode(bytes: Bytes, codings: readonly ContentCoding[], sizes = [65_536]): Promise<Bytes> {
  return bytesOf(...await Array.fromAsync(decodeBody(cut(bytes, sizes), codings)));
}

Deno.test("decodeBody undoes every coding, however the body comes and whatever its length", async () => {
  for (const [name, [coding, encode]] of Object.entries(CODED)) {
    for (const length of [0, 1, 1000, 400_000]) {
      const plain = PLAIN.slice(0, length);
      const coded = bytesOf(encode(plain));
      for (const sizes of [[1_000_000], [65_536], [1, 2, 3], [4099]]) {
        if (sizes[0] === 1 && coded.length > 20_000) continue;
        const decoded = await decode(coded, [coding], sizes);
        assert(Buffer.compare(decoded, plain) === 0, `${name}, ${length} bytes in pieces of ${sizes}`);
      }
    }
  }
});

Deno.test("decodeBody takes a body without a byte for one without a byte", async () => {
  for (const [coding] of Object.values(CODED)) assertEquals(await decode(new Uint8Array(), [coding]), new Uint8Array());
  assertEquals(await decode(new Uint8Array(), ["gzip", "br", "zstd"]), new Uint8Array());
});

Deno.test("decodeBody reads all members of gzip and all frames of zstd", async () => {
  const [one, two] = [PLAIN.slice(0, 100_000), PLAIN.slice(100_000)];
  for (const coding of ["gzip", "zstd", "zstd with a checksum"] as const) {
    const [kind, encode] = CODED[coding]!;
    const members = [encode(one), encode(new Uint8Array()), encode(two)];
    for (const sizes of [[1_000_000], [1, 700], [65_536]]) {
      assert(Buffer.compare(await decode(bytesOf(...members), [kind], sizes), PLAIN) === 0, `${coding} ${sizes}`);
    }
  }
  const frames = bytesOf(
    SKIPPABLE,
    zlib.zstdCompressSync(one),
    SKIPPABLE,
    SKIPPABLE,
    zlib.zstdCompressSync(two),
    SKIPPABLE,
  );
  for (const sizes of [[1_000_000], [1], [3, 5]]) {
    if (sizes[0] === 1 && frames.length > 300_000) continue;
    assert(Buffer.compare(await decode(frames, ["zstd"], sizes), PLAIN) === 0, `frames to skip, ${sizes}`);
  }
});

Deno.test("decodeBody undoes several codings in the order against that of the field", async () => {
  const coded = bytesOf(zlib.brotliCompressSync(zlib.gzipSync(PLAIN)));
  assert(Buffer.compare(await decode(coded, ["gzip", "br"]), PLAIN) === 0);
  await assertRejects(() => decode(coded, ["br", "gzip"]), Error);
});

Deno.test("decodeBody undoes a coding that is named twice as often as it was applied", async () => {
  const once = bytesOf(zlib.gzipSync(PLAIN));
  const twice = bytesOf(zlib.gzipSync(once));
  for (const coded of [once, twice]) {
    assert(Buffer.compare(await decode(coded, ["gzip", "gzip"]), PLAIN) === 0);
  }
});

Deno.test("decodeBody throws at what is not coded so, is cut, or goes on behind its end", async () => {
  const garbage = new TextEncoder().encode("this is something else");
  for (const [name, [coding, encode]] of Object.entries(CODED)) {
    const coded = bytesOf(encode(PLAIN));
    const bad: Record<string, Uint8Array> = {
      garbage: garbage,
      half: coded.subarray(0, coded.length >> 1),
      "without its last byte": coded.subarray(0, -1),
      "one byte": coded.subarray(0, 1),
      "something behind it": bytesOf(coded, garbage),
    };
    // What the others have in them of a checksum is not enough to tell.
    if (/gzip|checksum|^deflate/.test(name)) {
      bad["a bit flipped"] = coded.map((byte, i) => i === coded.length - 2000 ? byte ^ 1 : byte);
    }
    for (const [what, bytes] of Object.entries(bad)) {
      for (const sizes of [[1_000_000], [4099]]) {
        await assertRejects(
          () => decode(Uint8Array.from(bytes), [coding], sizes),
          Error,
          undefined,
          `${name}: ${what}`,
        );
      }
    }
  }
});

Deno.test("decodeBody throws what its source throws, and ends it when nobody wants more", async () => {
  for (const [name, [coding, encode]] of Object.entries(CODED)) {
    const coded = bytesOf(encode(PLAIN));
    const broken = new Error("the connection broke");
    const source = async function* (): AsyncGenerator<Bytes> {
      yield coded.slice(0, 10_000);
      throw broken;
    };
    const error = await assertRejects(() => Array.fromAsync(decodeBody(source(), [coding])), Error);
    assertEquals(error, broken, name);
    for await (const piece of decodeBody(cut(coded, [4099]), [coding])) {
      assert(piece.length > 0);
      break;
    }
  }
});

Deno.test("decodeBody holds little of what comes out of a small body", async () => {
  const coded = bytesOf(zlib.gzipSync(new Uint8Array(50_000_000)));
  let most = 0;
  let count = 0;
  for await (const piece of decodeBody(cut(coded, [1_000_000]), ["gzip"])) {
    most = Math.max(most, piece.length);
    count += piece.length;
  }
  assertEquals(count, 50_000_000);
  assert(most <= 65_536, `${most}`);
});
