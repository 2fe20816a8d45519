import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { hash } from "node:crypto";
import { setImmediate } from "node:timers";
import { join } from "@std/path";
import fc from "fast-check";
import { BodyDigest, digestFile } from "../../download/body_digest.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../download/checksum.ts";

const MIB = 1024 * 1024;
const digestOf = (algorithm: ChecksumAlgorithm, bytes: Uint8Array) => hash(algorithm.replace("-", ""), bytes, "hex");

/** Bytes that differ from piece to piece. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 12)) & 0xff;
  return bytes;
}

async function withFile(bytes: Uint8Array, work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "file");
    await Deno.writeFile(path, bytes);
    await work(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("BodyDigest has the digests of all bytes, however they were cut", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (pieces) => {
      const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]));
      const digest = new BodyDigest(CHECKSUM_ALGORITHMS);
      for (const piece of pieces) digest.update(piece);
      assertEquals(digest.bytes, whole.length);
      for (const algorithm of CHECKSUM_ALGORITHMS) {
        const checksum = { algorithm, digest: digestOf(algorithm, whole) };
        assertEquals(digest.checksum(algorithm), checksum);
        assertEquals(digest.verify(checksum), undefined);
      }
    }),
  );
});

Deno.test("BodyDigest reads the bytes at once, so that their buffer can be used again", () => {
  const buffer = new Uint8Array([1, 2, 3]);
  const digest = new BodyDigest(["sha-256"]);
  digest.update(buffer);
  buffer.fill(9);
  digest.update(buffer);
  assertEquals(digest.checksum("sha-256").digest, digestOf("sha-256", new Uint8Array([1, 2, 3, 9, 9, 9])));
});

Deno.test("BodyDigest says what the digest must be and what it is", () => {
  const digest = new BodyDigest(["md5"]);
  const wrong = { algorithm: "md5", digest: "0".repeat(32) } as const;
  const message = `md5 must be ${wrong.digest}: current value is d41d8cd98f00b204e9800998ecf8427e`;
  assertEquals(digest.verify(wrong), message);
  assertEquals(digest.verify(wrong), message);
});

Deno.test("BodyDigest takes no bytes after a digest, and knows no algorithm that it was not given", () => {
  const digest = new BodyDigest(["md5", "sha-1", "md5"]);
  assertThrows(() => digest.checksum("sha-256"), RangeError, "must be one of sha-1, md5: current value is sha-256");
  digest.update(new Uint8Array(1));
  digest.checksum("md5");
  assertThrows(() => digest.update(new Uint8Array(1)), Error, "the digest must be open");
  assertEquals(digest.bytes, 1);
  assertEquals(digest.checksum("sha-1").digest, digestOf("sha-1", new Uint8Array(1)));
});

Deno.test("digestFile reads a file of any length, and its start", async () => {
  const bytes = pattern(2 * MIB + 17);
  await withFile(bytes, async (path) => {
    for (const until of [undefined, 0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, bytes.length]) {
      const digest = await digestFile(path, ["sha-256", "md5"], until === undefined ? {} : { until });
      const expected = bytes.subarray(0, until);
      assertEquals(digest.bytes, expected.length);
      assertEquals(digest.verify({ algorithm: "sha-256", digest: digestOf("sha-256", expected) }), undefined);
      assertEquals(digest.verify({ algorithm: "md5", digest: digestOf("md5", expected) }), undefined);
    }
  });
  await withFile(new Uint8Array(0), async (path) => {
    assertEquals((await digestFile(path, ["md5"])).checksum("md5").digest, "d41d8cd98f00b204e9800998ecf8427e");
  });
});

Deno.test("digestFile leaves the digest open for the bytes that follow", async () => {
  const bytes = pattern(MIB + 100);
  await withFile(bytes, async (path) => {
    const digest = await digestFile(path, ["sha-256"], { until: MIB + 10 });
    digest.update(bytes.subarray(MIB + 10));
    assertEquals(digest.verify({ algorithm: "sha-256", digest: digestOf("sha-256", bytes) }), undefined);
  });
});

Deno.test("digestFile refuses a file that is too short or not there, and an end that is no number of bytes", async () => {
  await withFile(new Uint8Array(5), async (path) => {
    await assertRejects(
      () => digestFile(path, ["md5"], { until: 6 }),
      Deno.errors.UnexpectedEof,
      "must have at least 6 bytes: current value is 5",
    );
    await assertRejects(() => digestFile(`${path}x`, ["md5"]), Deno.errors.NotFound);
    for (const until of [-1, 1.5, Number.NaN, Infinity]) {
      await assertRejects(() => digestFile(path, ["md5"], { until }), RangeError, `current value is ${until}`);
    }
  });
});

Deno.test("digestFile lets other work have its turn between pieces", async () => {
  await withFile(new Uint8Array(8 * MIB), async (path) => {
    let turns = 0;
    let reading = true;
    const takeTurn = () => {
      turns++;
      if (reading) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    // The signal is asked at the start and before each piece: it notes how many turns others had by then.
    const seen: number[] = [];
    const signal = Object.assign(new AbortController().signal, { throwIfAborted: () => void seen.push(turns) });
    await digestFile(path, ["sha-256"], { signal });
    reading = false;
    const perPiece = seen.slice(1);
    assert(perPiece.length >= 8, `asked for ${perPiece.length} pieces`);
    assertEquals(perPiece, [...new Set(perPiece)]);
  });
});

Deno.test("digestFile reads a small file without leaving its turn, but for others every now and then", async () => {
  const body = new Uint8Array(1000).fill(7);
  await withFile(body, async (path) => {
    let turns = 0;
    let reading = true;
    const takeTurn = () => {
      turns++;
      if (reading) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    let atOnce = 0;
    // Others have a turn in the end, whatever the machine does.
    while (turns < 20) {
      const before = turns;
      const digest = await digestFile(path, ["md5"]);
      assertEquals(digest.verify({ algorithm: "md5", digest: digestOf("md5", body) }), undefined);
      if (turns === before) atOnce++;
    }
    reading = false;
    assert(atOnce > 20, `${atOnce} of them`);
  });
});

Deno.test("digestFile ends with the reason of its signal", async () => {
  await withFile(new Uint8Array(8 * MIB), async (path) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const ended = assertRejects(() => digestFile(path, ["md5"], { signal: controller.signal }), Error, "enough");
    controller.abort(reason);
    await ended;
    await assertRejects(() => digestFile(`${path}x`, ["md5"], { signal: controller.signal }), Error, "enough");
  });
});
