/** Task files that are packed or in another encoding, and files that are none. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { buffer } from "node:stream/consumers";
import { constants, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import { glanceAtTaskFile } from "../../queue/task_file_glance.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { pieces, scanText, valuesOf } from "../support/scan_text.ts";

const LONG = Array.from({ length: 20_000 }, (_, i) => `http://h/files/${i}/${(i * 7919) % 10_007}`);
const DAMAGED = "It is packed with zstd, and damaged or not whole";

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** One frame with a checksum, and without the length of what is in it, as the `zstd` tool writes it from a pipe. */
async function zstd(text: string, params: Record<number, number> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const packer = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1, ...params } });
  const packed = buffer(packer);
  packer.end(text);
  return new Uint8Array(await packed);
}

Deno.test("scanTaskFile unpacks zstd, in one frame or several, with and without a checksum", async () => {
  const text = LONG.join("\n");
  const skippable = new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const files = [
    zstdCompressSync(bytesOf(text)),
    await zstd(text),
    await zstd(text, { [constants.ZSTD_c_checksumFlag]: 0, [constants.ZSTD_c_compressionLevel]: 1 }),
    await zstd(text, { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }),
    join(
      await zstd(`${LONG.slice(0, 9).join("\n")}\n`),
      skippable,
      await zstd(""),
      await zstd(LONG.slice(9).join("\n")),
    ),
    await zstd(text, { [constants.ZSTD_c_compressionLevel]: -50 }),
  ];
  for (const [i, file] of files.entries()) {
    for (const size of [i === 0 ? 7 : 4096, 100_000]) assertEquals(await valuesOf(file, size), LONG, `${i} in ${size}`);
  }
  assertEquals(await valuesOf(await zstd("http://h/a\n".repeat(3)), 1), Array(3).fill("http://h/a"));
  assertEquals(await valuesOf(await zstd(`[{"url":"${"x".repeat(70_000)}"}]`), 1000), [{ url: "x".repeat(70_000) }]);
});

Deno.test("scanTaskFile says when a file that is packed with zstd is damaged or not whole", async () => {
  const whole = await zstd(LONG.join("\n"));
  const flipped = (at: number) => whole.map((byte, i) => i === at ? byte ^ 0x10 : byte);
  const wrong = [
    whole.subarray(0, -1),
    whole.subarray(0, -4),
    whole.subarray(0, whole.length >> 1),
    whole.subarray(0, 5),
    flipped(whole.length - 2),
    flipped(whole.length >> 1),
    join(whole, bytesOf("http://h/d\n")),
    join(whole, whole.subarray(0, 30)),
    join(whole, new Uint8Array(9)),
  ];
  for (const [i, file] of wrong.entries()) {
    const error = await assertRejects(() => scanText(file, 4096), TaskFileError, undefined, String(i));
    if (i !== 5) assertEquals(error.message, DAMAGED, String(i));
  }
});

Deno.test("scanTaskFile reads UTF-16 with a byte order mark, in every form, and refuses what is cut", async () => {
  const encode = (text: string, little: boolean) => {
    const bytes = new Uint8Array(2 + text.length * 2);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0xfeff, little);
    for (let i = 0; i < text.length; i++) view.setUint16(2 + 2 * i, text.charCodeAt(i), little);
    return bytes;
  };
  const forms: [string, unknown[]][] = [
    ["http://h/ü\r\nhttp://h/😀\r\n", ["http://h/ü", "http://h/😀"]],
    ["url\tout\r\nhttp://h/a\t文件\r\n", [{ url: "http://h/a", out: "文件" }]],
    ['[{"url": "http://h/a", "out": "😀"}]', [{ url: "http://h/a", out: "😀" }]],
    ["", []],
  ];
  for (const [text, values] of forms) {
    for (const little of [true, false]) {
      for (const size of [1, 3, 1000]) assertEquals(await valuesOf(encode(text, little), size), values, text);
    }
    assertEquals(await valuesOf(gzipSync(encode(text, true))), values);
  }
  const cut = encode("http://h/a", true).subarray(0, -1);
  assertEquals(await valuesOf(cut), ["refused: line must be UTF-8"]);
});

const OTHERS: [start: Uint8Array | string, what: string][] = [
  [new Uint8Array([0x50, 0x4b, 3, 4, 20, 0, 0, 0]), "a ZIP archive"],
  [new Uint8Array([0x50, 0x4b, 5, 6, ...new Uint8Array(18)]), "a ZIP archive"],
  [new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), "packed with xz"],
  ["BZh91AY&SY", "packed with bzip2"],
  [new Uint8Array([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), "a 7z archive"],
  ["Rar!\x1a\x07\x01", "a RAR archive"],
  ["%PDF-1.7\n", "a PDF document"],
  ["SQLite format 3\0", "a SQLite database"],
  [new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), "a file of an old Office"],
  ["ARROW1\0\0", "an Arrow file"],
  ["Obj\x01", "an Avro file"],
  ["ORC\n", "an ORC file"],
  ["d8:announce35:udp://tracker.example/announce", "a torrent"],
  [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), "a picture"],
  [new Uint8Array([0xff, 0xd8, 0xff, 0xe0]), "a picture"],
  ["<!DOCTYPE html>\n<html>", "a web page"],
  ["\n <html lang=en>", "a web page"],
  [join(bytesOf("a.txt"), new Uint8Array(252), bytesOf("ustar\x0000")), "a tar archive"],
  [join(bytesOf("http://h/a\n"), new Uint8Array(3)), "a binary file"],
];

Deno.test("scanTaskFile says what a file is that is no list", async () => {
  for (const [start, what] of OTHERS) {
    const bytes = typeof start === "string" ? bytesOf(start) : start;
    for (const file of [bytes, join(bytes, bytesOf("\nhttp://h/a\n".repeat(100))), gzipSync(bytes)]) {
      for (const size of [1, 1000]) {
        const error = await assertRejects(() => scanText(file, size), TaskFileError, undefined, what);
        assert(error.message.startsWith(`It must be a list: this is ${what}`), error.message);
        assertEquals([error.line, error.column], [1, 1]);
      }
      // Nothing vouches for it before.
      assertEquals(await glanceAtTaskFile(pieces(file, 1000)), false, what);
    }
  }
});
