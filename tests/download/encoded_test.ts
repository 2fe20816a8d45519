/** Bodies that come encoded although nobody asked for it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import * as zlib from "node:zlib";
import { RateLimiter } from "../../download/rate_limiter.ts";
import { Throttle } from "../../download/throttle.ts";
import { bytesFor } from "../support/fault_server.ts";
import { DownloadBench } from "./download_bench.ts";

const PLAIN = bytesFor("x", 300_000).map((byte, i) => byte ^ (i >> 7));
/** Half as long when it is packed. */
const TEXT = bytesOf(...Array.from({ length: 60_000 }, (_, i) => new TextEncoder().encode(hash("sha256", `${i}`))));

async function encoded(format: CompressionFormat): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([PLAIN]).stream().pipeThrough(new CompressionStream(format))).bytes();
}

function bytesOf(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`DecodedResponse fails at once over a body that is not what Content-Encoding says, ${way}`, async () => {
    const gzip = await encoded("gzip");
    const flipped = gzip.with(gzip.length >> 1, gzip[gzip.length >> 1]! ^ 255);
    const text = new TextEncoder().encode("this is no gzip, whatever the server says");
    const bodies: Record<string, [encoding: string, body: Uint8Array<ArrayBuffer>]> = {
      text: ["gzip", text],
      large: ["gzip", PLAIN],
      tiny: ["gzip", text.subarray(0, 2)],
      flipped: ["x-gzip", flipped],
      short: ["gzip", gzip.subarray(0, gzip.length >> 1)],
      "cut deflate": ["deflate", (await encoded("deflate")).slice(0, -1000)],
      "cut raw deflate": ["deflate", (await encoded("deflate-raw")).slice(0, -1000)],
      deflate: ["deflate", text],
      "more than gzip": ["gzip", bytesOf(gzip, text)],
      br: ["br", text],
      "cut br": ["br", bytesOf(zlib.brotliCompressSync(PLAIN)).slice(0, -1000)],
      zstd: ["zstd", text],
      "cut zstd": ["zstd", bytesOf(zlib.zstdCompressSync(PLAIN)).slice(0, -1000)],
      both: ["gzip, br", gzip],
    };
    await using bench = await DownloadBench.start(({ path }) => {
      const [encoding, body] = bodies[decodeURIComponent(path.slice(1))]!;
      return new Response(body, { headers: { "content-encoding": encoding } });
    }, { lane });
    for (const [name, [encoding]] of Object.entries(bodies)) {
      const outcome = await bench.fetch(`/${encodeURIComponent(name)}`);
      assert(outcome.type === "failed", `${name}: ${JSON.stringify(outcome)}`);
      assertEquals([outcome.error.kind, outcome.error.retryable], ["protocol", false]);
      assertMatch(outcome.error.message, new RegExp(`: the body is not ${encoding}, as its Content-Encoding says$`));
      assertEquals(bench.names(), []);
    }
    // A mirror may have it right.
    const url = bench.server.url;
    bodies.good = ["gzip", gzip];
    const outcome = await bench.fetch("/text", { mirrors: [`${url}/good`] });
    assertEquals([outcome.type, bench.read()], ["done", PLAIN]);
  });

  Deno.test(`Attempt stores what it was before its encoding, however that was made, ${way}`, async () => {
    const half = PLAIN.length >> 1;
    const bodies: Record<string, [encoding: string, body: Uint8Array, plain?: Uint8Array]> = {
      gzip: ["gzip", zlib.gzipSync(PLAIN)],
      "x-gzip": ["X-GZip", zlib.gzipSync(PLAIN)],
      members: ["gzip", bytesOf(zlib.gzipSync(PLAIN.subarray(0, half)), zlib.gzipSync(PLAIN.subarray(half)))],
      deflate: ["deflate", zlib.deflateSync(PLAIN)],
      "raw deflate": ["deflate", zlib.deflateRawSync(PLAIN)],
      br: ["br", zlib.brotliCompressSync(PLAIN)],
      zstd: ["zstd", zlib.zstdCompressSync(PLAIN)],
      frames: [
        "zstd",
        bytesOf(zlib.zstdCompressSync(PLAIN.subarray(0, half)), zlib.zstdCompressSync(PLAIN.subarray(half))),
      ],
      several: ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(PLAIN))],
      empty: ["gzip", new Uint8Array(), new Uint8Array()],
      "empty br": ["br", new Uint8Array(), new Uint8Array()],
      "nothing, packed": ["gzip", zlib.gzipSync(""), new Uint8Array()],
      small: ["br", zlib.brotliCompressSync("hello"), new TextEncoder().encode("hello")],
      twice: ["gzip", zlib.gzipSync(zlib.gzipSync(PLAIN)), zlib.gzipSync(PLAIN)],
    };
    await using bench = await DownloadBench.start(({ path }) => {
      const [, name, form] = decodeURIComponent(path).split("/");
      const [encoding, body] = bodies[name!]!;
      const sent = bytesOf(body);
      return new Response(form === "sized" ? sent : new Blob([sent]).stream(), {
        headers: { "content-encoding": encoding, etag: '"x"' },
      });
    }, { lane });
    for (const [name, [, , plain = PLAIN]] of Object.entries(bodies)) {
      for (const form of ["sized", "chunks"]) {
        const out = `${name}-${form}`;
        const outcome = await bench.fetch(`/${encodeURIComponent(name)}/${form}`, { out });
        assert(outcome.type === "done", `${out}: ${JSON.stringify(outcome)}`);
        assert(Buffer.compare(bench.read(out), plain) === 0, out);
        assertEquals(outcome.facts.bytes, plain.length);
      }
    }
    assertEquals(bench.server.requests.length, 2 * Object.keys(bodies).length);
    assertEquals(bench.names().length, 2 * Object.keys(bodies).length);
  });

  Deno.test(`DecodedResponse fails at once over an encoding that could be one and is not known, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ search }) => {
      return new Response(PLAIN, { headers: { "content-encoding": decodeURIComponent(search.slice(1)) } });
    }, { lane });
    const many = Array(6).fill("gzip").join();
    const cases = {
      "compress": "compress",
      "X-Compress": "x-compress",
      "dcb": "dcb",
      "gzip, exi": "exi",
      [many]: "gzip",
      // The one-byte spelling of an escape sequence must not talk to a terminal.
      "\x9b31m": "\\?31m",
    };
    for (const [encoding, named] of Object.entries(cases)) {
      const outcome = await bench.fetch(`/x?${encodeURIComponent(encoding)}`);
      assert(outcome.type === "failed", JSON.stringify(outcome));
      assertEquals([outcome.error.kind, outcome.error.retryable], ["protocol", false]);
      assertMatch(outcome.error.message, new RegExp(`: content encoding "${named}" cannot be decoded$`));
      assertEquals(bench.names(), []);
    }
  });

  Deno.test(`DecodedResponse holds to the size that the user allows, ${way}`, async () => {
    const bomb = bytesOf(zlib.gzipSync(new Uint8Array(20_000_000)));
    await using bench = await DownloadBench.start(() => {
      return new Response(bomb, { headers: { "content-encoding": "gzip" } });
    }, { lane });
    bench.context.maxSize = 1_000_000;
    const outcome = await bench.fetch("/x");
    assert(outcome.type === "failed" && outcome.error.kind === "size", JSON.stringify(outcome));
    assertEquals(bench.names(), []);
  });

  Deno.test(`Attempt pays for the bytes of an encoded body that come, not for those that are made of them, ${way}`, async () => {
    const coded = bytesOf(zlib.gzipSync(TEXT));
    await using bench = await DownloadBench.start(({ path }) => {
      return new Response(coded, path === "/plain" ? {} : { headers: { "content-encoding": "gzip" } });
    }, { lane });
    for (const path of ["/plain", "/encoded"]) {
      const limiter = RateLimiter.create(1_000_000_000, { now: () => 0 });
      // The clock stands still: how long the next one has to wait tells how much was paid for.
      bench.context.throttle = new Throttle(limiter);
      const outcome = await bench.fetch(path, { out: path.slice(1) });
      assert(outcome.type === "done", JSON.stringify(outcome));
      const paid = Math.round(limiter.take(1) * 1_000_000);
      assert(paid >= coded.length && paid < 1.05 * coded.length, `${path}: ${paid} instead of ${coded.length}`);
    }
    assertEquals(bench.read("encoded"), TEXT);
  });

  Deno.test(`DecodedResponse tries again when the connection breaks within an encoded body, ${way}`, async () => {
    const gzip = await encoded("gzip");
    let whole = false;
    await using bench = await DownloadBench.start(() => {
      const headers = { "content-encoding": "gzip" };
      if (whole) return new Response(gzip, { headers });
      let sent = false;
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent) controller.error(new Error("the connection breaks here, as the test wants it"));
          else controller.enqueue(gzip.slice(0, gzip.length >> 1));
          sent = true;
        },
      }, { highWaterMark: 0 });
      return new Response(broken, { headers });
    }, { lane });
    const first = await bench.fetch("/x");
    assert(first.type === "retry" && first.error.kind === "network", JSON.stringify(first));
    whole = true;
    assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "done");
    assertEquals(bench.read(), PLAIN);
  });
}
