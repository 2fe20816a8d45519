/** Bodies that come encoded although nobody asked for it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bytesFor } from "../support/fault_server.ts";
import { DownloadBench } from "./download_bench.ts";

const PLAIN = bytesFor("x", 300_000).map((byte, i) => byte ^ (i >> 7));

async function encoded(format: CompressionFormat): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([PLAIN]).stream().pipeThrough(new CompressionStream(format))).bytes();
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`FetchResponse fails at once over a body that is not what Content-Encoding says, ${way}`, async () => {
    const gzip = await encoded("gzip");
    const flipped = gzip.with(gzip.length >> 1, gzip[gzip.length >> 1]! ^ 255);
    const text = new TextEncoder().encode("this is no gzip, whatever the server says");
    const bodies: Record<string, [encoding: string, body: Uint8Array<ArrayBuffer>]> = {
      text: ["gzip", text],
      large: ["gzip", PLAIN],
      tiny: ["gzip", text.subarray(0, 2)],
      flipped: ["x-gzip", flipped],
      short: ["gzip", gzip.subarray(0, gzip.length >> 1)],
      deflate: ["deflate", text],
    };
    await using bench = await DownloadBench.start(({ path }) => {
      const [encoding, body] = bodies[path.slice(1)]!;
      return new Response(body, { headers: { "content-encoding": encoding } });
    }, { lane });
    for (const [name, [encoding]] of Object.entries(bodies)) {
      const outcome = await bench.fetch(`/${name}`);
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

  Deno.test(`FetchResponse tries again when the connection breaks within an encoded body, ${way}`, async () => {
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
