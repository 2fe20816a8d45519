/** What happens to files that are there already. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hash } from "node:crypto";
import { bytesFor, type FaultRequest } from "../support/fault_server.ts";
import { RemoteFile, YESTERDAY } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const SIZES = [100, 2_000_000];

function test(name: string, run: (lane: boolean, length: number) => Promise<void>): void {
  for (const lane of [true, false]) {
    for (const length of SIZES) {
      Deno.test(`Attempt ${name}, ${length} bytes over ${lane ? "lane" : "fetch"}`, () => run(lane, length));
    }
  }
}

/** A server that knows `If-None-Match` and `If-Modified-Since`. */
function answer(file: RemoteFile, request: { headers: Headers }): Response {
  const whole = file.answer({ headers: new Headers() });
  const { headers } = request;
  const same = headers.has("if-none-match")
    ? headers.get("if-none-match") === whole.headers.get("etag")
    : headers.get("if-modified-since") === whole.headers.get("last-modified");
  if (!same || !(headers.has("if-none-match") || headers.has("if-modified-since"))) return file.answer(request);
  whole.body?.cancel();
  return new Response(null, { status: 304 });
}

test("with overwrite always puts the new file in the place of any old one, at once", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  bench.context.overwrite = "always";
  Deno.writeTextFileSync(bench.path("file"), "somebody else's");
  for (const version of ["one", "two"]) {
    file.version = version;
    assertEquals((await bench.fetch("/x")).type, "done");
    assertEquals(bench.read(), file.content());
  }
  assertEquals(bench.server.requests.length, 2);
  assertEquals(bench.names(), ["file"]);
});

test("leaves the old file alone until the new one is whole", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  bench.context.overwrite = "always";
  Deno.writeTextFileSync(bench.path("file"), "old");
  file.breaks.push(Math.floor(length / 2));
  assertEquals((await bench.fetch("/x")).type, "retry");
  assertEquals(Deno.readTextFileSync(bench.path("file")), "old");
  const wrong = await bench.fetch("/x", { checksum: `md5:${"0".repeat(32)}` });
  assertEquals(wrong.type, "failed");
  assertEquals(Deno.readTextFileSync(bench.path("file")), "old");
});

test("with overwrite changed asks whether there is another version, and takes 304 for done", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await DownloadBench.start((request) => answer(file, request), { lane });
  bench.context.overwrite = "changed";
  const first = await bench.fetch("/x");
  const again = await bench.fetch("/x");
  assert(first.type === "done" && again.type === "done", JSON.stringify(again));
  assertEquals(again.facts, first.facts);
  assertEquals(bench.server.requests.map(({ headers }) => headers.get("if-none-match")), [null, '"one"']);
  file.version = "two";
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(bench.read(), file.content("two"));
  assertEquals(bench.names(), ["file"]);
});

test("with overwrite changed goes by size and date of a file that it did not write", async (lane, length) => {
  const file = new RemoteFile({ length });
  const other = file.content("other");
  const before = new Date(Date.parse(YESTERDAY) - 1000);
  const cases: [local: Uint8Array, date: Date, kept: boolean][] = [
    [other, new Date(YESTERDAY), true],
    // Another program may have given it the time of its download.
    [other, new Date(), true],
    [other, before, false],
    [other.subarray(0, length - 1), new Date(YESTERDAY), false],
    [other.subarray(0, length - 1), new Date(), false],
    [new Uint8Array(length + 1), new Date(), false],
    [new Uint8Array(), new Date(), false],
  ];
  for (const [local, date, kept] of cases) {
    await using bench = await DownloadBench.start((request) => answer(file, request), { lane });
    bench.context.overwrite = "changed";
    Deno.writeFileSync(bench.path("file"), local);
    Deno.utimeSync(bench.path("file"), date, date);
    const outcome = await bench.fetch("/x");
    assert(outcome.type === "done", JSON.stringify(outcome));
    assertEquals(outcome.unchanged ?? false, kept, `${local.length} bytes of ${date.toUTCString()}`);
    assertEquals(bench.read(), kept ? local : file.content());
    assertEquals(bench.server.requests.length, 1);
    assertEquals(bench.names(), ["file"]);
  }
});

test(
  "with overwrite changed fetches a file again that it stored whole and somebody has cut since",
  async (lane, length) => {
    const file = new RemoteFile({ length });
    await using bench = await DownloadBench.start((request) => answer(file, request), { lane });
    bench.context.overwrite = "changed";
    assertEquals((await bench.fetch("/x")).type, "done");
    Deno.truncateSync(bench.path("file"), Math.floor(length / 2));
    Deno.utimeSync(bench.path("file"), new Date(YESTERDAY), new Date(YESTERDAY));
    assertEquals((await bench.fetch("/x")).type, "done");
    assertEquals(bench.read(), file.content());
  },
);

test("with overwrite changed fetches what a server tells no size or no date of", async (lane, length) => {
  const file = new RemoteFile({ length, lastModified: undefined });
  const untold = () => new Response(ReadableStream.from([file.content()]), { headers: { "last-modified": YESTERDAY } });
  const zero = new RemoteFile({ length, lastModified: "0" });
  for (const handler of [file, zero].map((file) => (request: FaultRequest) => file.answer(request)).concat(untold)) {
    await using bench = await DownloadBench.start(handler, { lane });
    bench.context.overwrite = "changed";
    Deno.writeFileSync(bench.path("file"), file.content("other"));
    assertEquals((await bench.fetch("/x")).type, "done");
    assertEquals(bench.read(), file.content());
  }
});

test("with overwrite changed checks a checksum in any case", async (lane, length) => {
  const bytes = bytesFor("x", length);
  await using bench = await DownloadBench.start(() => new Response(bytes, { headers: { etag: '"x"' } }), { lane });
  bench.context.overwrite = "changed";
  const checksum = `sha-256:${hash("sha256", bytes, "hex")}`;
  for (let i = 0; i < 2; i++) assertEquals((await bench.fetch("/x", { checksum })).type, "done");
  assertEquals(bench.server.requests.length, 2);
});

test("with overwrite changed takes no 304 for a file of the wrong size", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await DownloadBench.start((request) => answer(file, request), { lane });
  bench.context.overwrite = "changed";
  Deno.writeTextFileSync(bench.path("file"), "short");
  const modified = new Date(file.answer({ headers: new Headers() }).headers.get("last-modified")!);
  Deno.utimeSync(bench.path("file"), modified, modified);
  assertEquals((await bench.fetch("/x", { size: length })).type, "done");
  assertEquals(bench.read(), file.content());
});

test("never replaces a folder or a link, whatever it was told", async (lane, length) => {
  await using bench = await DownloadBench.start(() => new Response(bytesFor("x", length)), { lane });
  Deno.mkdirSync(bench.path("folder"));
  Deno.writeTextFileSync(bench.path("target"), "precious");
  Deno.symlinkSync(bench.path("target"), bench.path("link"));
  for (const overwrite of ["always", "changed"] as const) {
    bench.context.overwrite = overwrite;
    for (const out of ["folder", "link"]) {
      const outcome = await bench.fetch("/x", { out });
      assert(outcome.type === "failed" && outcome.error.kind === "disk", JSON.stringify(outcome));
    }
  }
  assertEquals(Deno.readTextFileSync(bench.path("target")), "precious");
});

test("takes no file for done that has not the size or the checksum that is asked for", async (lane, length) => {
  const bytes = bytesFor("x", length);
  await using bench = await DownloadBench.start(() => new Response(bytes), { lane });
  assertEquals((await bench.fetch("/x")).type, "done");
  const checksum = `sha-256:${hash("sha256", bytes, "hex")}`;
  for (const wish of [{ size: length }, { checksum }, {}]) {
    assertEquals((await bench.fetch("/x", wish)).type, "done", JSON.stringify(wish));
  }
  // Damaged since, but as long as before.
  const damaged = bytes.slice();
  damaged[length - 1]! ^= 1;
  Deno.writeFileSync(bench.path("file"), damaged);
  for (const wish of [{ checksum }, { size: length + 1 }]) {
    const outcome = await bench.fetch("/x", wish);
    assert(outcome.type === "failed" && !outcome.error.retryable, JSON.stringify(outcome));
    assertStringIncludes(outcome.error.message, "stays, but is not what was asked for: its s");
    assertEquals(bench.read(), damaged);
  }
  assertEquals(bench.server.requests.length, 1);
  bench.context.overwrite = "changed";
  assertEquals((await bench.fetch("/x", { checksum })).type, "done");
  assertEquals(bench.read(), bytes);
});

test("brings what is asked for once more, though it knows of nothing in its folder", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  bench.context.overwrite = "always";
  bench.context.fresh = true;
  const first = await bench.fetch("/x");
  assert(first.type === "done" && bench.context.fresh, JSON.stringify(first));
  file.version = "two";
  assertEquals((await bench.fetch("/x", { facts: first.facts })).type, "done");
  assertEquals(bench.read(), file.content("two"));
});
