/** What arrives must be what was asked for. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hash } from "node:crypto";
import type { DownloadTask } from "../../download/download_context.ts";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const SIZES = [10, 2_000_000];

function test(name: string, run: (lane: boolean, size: number) => Promise<void>): void {
  for (const lane of [true, false]) {
    for (const size of SIZES) {
      Deno.test(`Attempt ${name}, ${size} bytes over ${lane ? "lane" : "fetch"}`, () => run(lane, size));
    }
  }
}

const sha256 = (bytes: Uint8Array) => hash("sha256", bytes, "hex");
const base64 = (bytes: Uint8Array) => hash("sha256", bytes, "base64");

test("takes a file that has the checksum and the size of its task", async (lane, size) => {
  await using bench = await DownloadBench.start(() => new Response(bytesFor("x", size)), { lane });
  const bytes = bytesFor("x", size);
  const tasks: Partial<DownloadTask>[] = [
    { checksum: `sha-256:${sha256(bytes)}`, size },
    { checksum: `sha-512:${hash("sha512", bytes, "hex")}` },
    { checksum: `sha-1:${hash("sha1", bytes, "hex")}` },
    { checksum: `md5:${hash("md5", bytes, "hex")}` },
  ];
  for (const [index, task] of tasks.entries()) {
    const outcome = await bench.fetch("/x", { out: `f${index}`, ...task });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(bench.read(`f${index}`), bytes);
  }
  assertEquals(bench.server.requests.length, tasks.length);
});

test("asks once more for a file that is not what it should be, then fails and leaves nothing", async (lane, size) => {
  await using bench = await DownloadBench.start(
    () => new Response(bytesFor("x", size), { headers: { etag: '"x"' } }),
    { lane },
  );
  const cases: [Partial<DownloadTask>, string][] = [
    [{ checksum: `sha-256:${"0".repeat(64)}` }, "sha-256 must be 0000"],
    [{ size: size + 1 }, `size must be ${size + 1}: current value is ${size}`],
  ];
  for (const [task, message] of cases) {
    const before = bench.server.requests.length;
    const outcome = await bench.fetch("/x", task);
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assertEquals([outcome.error.kind, outcome.error.retryable], ["integrity", false]);
    assertStringIncludes(outcome.error.message, message);
    assertEquals(bench.server.requests.length, before + 2);
    assertEquals(bench.names(), []);
  }
});

test("is content if the second try brings the right bytes", async (lane, size) => {
  const right = bytesFor("right", size);
  await using bench = await DownloadBench.start(
    ({ nth }) => new Response(nth === 1 ? bytesFor("wrong", size) : right),
    {
      lane,
    },
  );
  const outcome = await bench.fetch("/x", { checksum: `sha-256:${sha256(right)}` });
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.read(), right);
  assertEquals(bench.names(), ["file"]);
});

for (
  const [field, value] of [
    ["Repr-Digest", (bytes: Uint8Array) => `sha-256=:${base64(bytes)}:`],
    ["Content-Digest", (bytes: Uint8Array) => `sha-256=:${base64(bytes)}:`],
    ["Digest", (bytes: Uint8Array) => `SHA-256=${base64(bytes)}`],
  ] as const
) {
  test(`holds a server to its ${field}`, async (lane, size) => {
    const bytes = bytesFor("x", size);
    await using bench = await DownloadBench.start(({ path }) => {
      const digest = value(path === "/good" ? bytes : bytesFor("other", size));
      return new Response(bytes, { headers: { [field]: digest } });
    }, { lane });
    assertEquals((await bench.fetch("/good")).type, "done");
    const bad = await bench.fetch("/bad", { out: "bad" });
    assert(bad.type === "failed" && bad.error.kind === "integrity", JSON.stringify(bad));
    assertEquals(bench.names(), ["file"]);
  });
}

test("refuses the page of an error under the name of a picture", async (lane, size) => {
  const page = new TextEncoder().encode("<!DOCTYPE html><title>Sorry</title>".padEnd(size));
  await using bench = await DownloadBench.start(({ path }) => {
    const type = path === "/typed" ? "text/html" : "application/octet-stream";
    return new Response(path === "/picture" ? bytesFor("x", size) : page, { headers: { "content-type": type } });
  }, { lane, expectType: "auto" });
  for (const path of ["/typed", "/sniffed"]) {
    const outcome = await bench.fetch(path, { out: "cat.jpg" });
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assertEquals(outcome.error.kind, "integrity");
  }
  assertEquals(bench.names(), []);
  assertEquals((await bench.fetch("/picture", { out: "cat.jpg" })).type, "done");
  assertEquals((await bench.fetch("/typed", { out: "sorry.html" })).type, "done");
});

test("does not blame a digest of the encoded bytes on the decoded file", async (lane, size) => {
  const plain = bytesFor("x", size);
  const zipped = await new Response(new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  await using bench = await DownloadBench.start(() =>
    new Response(zipped, {
      headers: { "content-encoding": "gzip", "repr-digest": `sha-256=:${base64(zipped)}:`, etag: '"x"' },
    }), { lane });
  const outcome = await bench.fetch("/x", { checksum: `sha-256:${sha256(plain)}` });
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.read(), plain);
});

for (const lane of [true, false]) {
  Deno.test(`Attempt checks all of a continued file, and starts over if what was left is bad, ${lane}`, async () => {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
    const checksum = `sha-256:${sha256(file.content())}`;
    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/x", { checksum })).type, "retry");
    const good = await bench.fetch("/x", { checksum, attempts: 1 });
    assertEquals(good.type, "done", JSON.stringify(good));
    assertEquals(bench.server.requests.length, 2);

    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/x", { checksum, out: "b" })).type, "retry");
    const part = Deno.readFileSync(bench.path("b.part"));
    part[5]! ^= 1;
    Deno.writeFileSync(bench.path("b.part"), part);
    const healed = await bench.fetch("/x", { checksum, out: "b", attempts: 1 });
    assertEquals(healed.type, "done", JSON.stringify(healed));
    assertEquals(bench.read("b"), file.content());
    assertEquals(bench.server.requests.length, 5);
  });
}

for (const lane of [true, false]) {
  Deno.test(`Attempt looks at the type of what it goes on with, ${lane ? "lane" : "fetch"}`, async () => {
    const file = new RemoteFile({ headers: { "content-type": "text/html" } });
    await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/x")).type, "retry");
    await using strict = bench.another({ lane, expectType: "image/*" });
    const continued = await strict.fetch("/x", { attempts: 1 });
    assert(continued.type === "failed" && continued.error.kind === "integrity", JSON.stringify(continued));
    assertEquals(bench.names(), []);
    // Of several connections the first one may break before its first byte.
    await using several = bench.another({ lane, expectType: "image/*", segments: { count: 3, bytes: 100_000 } });
    let outcome = await several.fetch("/x");
    for (let attempts = 0; outcome.type === "retry" && attempts < 3; attempts++) {
      file.breaks.push(0);
      outcome = await several.fetch("/x", { attempts });
    }
    assert(outcome.type === "failed" && outcome.error.kind === "integrity", JSON.stringify(outcome));
    assertEquals(bench.names(), []);
  });

  Deno.test(`Attempt remembers the type, which ranges need not say again, ${lane ? "lane" : "fetch"}`, async () => {
    for (const count of [1, 3]) {
      const file = new RemoteFile({ headers: { "content-type": "image/png" } });
      const handler = (request: Parameters<typeof file.answer>[0]) => {
        const answer = file.answer(request);
        // RFC 9110, 15.3.7.
        if (answer.status !== 200) answer.headers.delete("content-type");
        return answer;
      };
      const segments = { count, bytes: 100_000 };
      await using bench = await DownloadBench.start(handler, { lane, expectType: "image/*", segments });
      file.breaks.push(1_500_000);
      let outcome = await bench.fetch("/x");
      if (count === 1) assertEquals(outcome.type, "retry");
      for (let attempts = 1; outcome.type === "retry"; attempts++) outcome = await bench.fetch("/x", { attempts });
      assertEquals(outcome.type, "done", JSON.stringify(outcome));
      assert(hash("md5", bench.read()) === hash("md5", file.content()));
      const whole = bench.server.requests.filter(({ headers }) => !headers.has("range")).length;
      assertEquals(whole, 1);
    }
  });

  Deno.test(`Attempt knows the type of what was left whole, or takes that of the answer, ${lane ? "lane" : "fetch"}`, async () => {
    for (
      const [known, sent, type] of [
        ["image/png", "image/png", "done"],
        ["text/html", "text/html", "failed"],
        [undefined, "image/png", "done"],
        [undefined, "text/html", "failed"],
      ] as const
    ) {
      const file = new RemoteFile({ headers: { "content-type": sent } });
      await using bench = await DownloadBench.start((request) => file.answer(request), { lane, expectType: "image/*" });
      const { length } = file.content();
      Deno.writeFileSync(bench.path("file.part"), file.content());
      const state = { version: 1, url: `${bench.server.url}/x`, length, etag: '"one"', bootId: "boot-1", synced: 0 };
      Deno.writeTextFileSync(bench.path("file.part-info"), JSON.stringify({ ...state, contentType: known }));
      const outcome = await bench.fetch("/x");
      assertEquals(outcome.type, type, JSON.stringify(outcome));
      const ranges = bench.server.requests.map(({ headers }) => headers.get("range"));
      assertEquals(ranges, type === "done" ? [`bytes=${length - 1}-`] : [`bytes=${length - 1}-`, null]);
    }
  });
}
