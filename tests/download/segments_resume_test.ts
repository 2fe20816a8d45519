/** Files in pieces: what of them is kept after a stop, a kill or another boot, and what is not believed. */
import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import { StoppedError } from "../../download/download_error.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { until } from "../support/until.ts";
import { DownloadBench } from "./download_bench.ts";
import {
  assertDone,
  begin,
  bytesAsked,
  LEAST,
  leave,
  LENGTH,
  paced,
  rangeOf,
  readState,
  testSegments as test,
} from "./segments_kit.ts";

const written = (bench: DownloadBench) => readState(bench).written.reduce((sum, [from, to]) => sum + to - from, 0);

for (const count of [1, 3, 4] as const) {
  test(`continues only what is missing after a stop, over ${count}`, async (options) => {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    await begin(bench);
    const there = written(bench);
    assert(there >= 900_000 && readState(bench).written.length > 1, JSON.stringify(readState(bench)));
    assertEquals(Deno.statSync(bench.path("file.part")).size, LENGTH);
    await using next = bench.another({ ...options, segments: { count, bytes: LEAST } });
    const outcome = await next.fetch("/x", { headers: { "x-who": "next" } });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(bench.read(), file.content());
    assertEquals(next.bytes, LENGTH - there, "nothing came twice");
    // A request of the first one may come to the server long after it was given up.
    const requests = bench.server.requests.filter(({ headers }) => headers.get("x-who") === "next");
    if (count === 1) assertEquals(bytesAsked(requests), LENGTH - there);
    assert(requests.every(({ headers }) => headers.get("if-range") === '"one"'));
    assertEquals(bench.names(), ["file"]);
  });
}

test("continues over several connections what one has left", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
  bench.context.segments = 1;
  await begin(bench);
  const there = Deno.statSync(bench.path("file.part")).size;
  await using next = bench.another(options);
  assertEquals((await next.fetch("/x")).type, "done");
  assertEquals(bench.read(), file.content());
  assertEquals(next.bytes, LENGTH - there);
  const [, first, ...others] = bench.server.requests.map(rangeOf);
  assertEquals(first, `bytes=${there}-`);
  assert(others.length >= 3);
});

test("can be killed at any byte: the state names nothing that is not there", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server, 100), options);
  await using killed = await DownloadBench.start(({ headers }) => file.answer({ headers }), options);
  killed.context.overwrite = "always";
  const copies: { part: Uint8Array<ArrayBuffer>; info: string }[] = [];
  const { onBytes } = bench.context;
  let seen = "";
  bench.context.onBytes = (count) => {
    onBytes(count);
    // No other statement runs between these, as none does when a process is killed.
    const info = Deno.readTextFileSync(bench.path("file.part-info")).replaceAll(bench.server.url, killed.server.url);
    if (info === seen && copies.length > 0) return;
    seen = info;
    copies.push({ info, part: Deno.readFileSync(bench.path("file.part")) });
  };
  await assertDone(bench, file);
  assert(copies.length > 1);
  for (const { info, part } of copies) {
    Deno.writeFileSync(killed.path("file.part"), part);
    Deno.writeTextFileSync(killed.path("file.part-info"), info);
    const before = killed.bytes;
    await assertDone(killed, file);
    const there = JSON.parse(info).written.reduce((sum: number, [from, to]: number[]) => sum + to! - from!, 0);
    assertEquals(killed.bytes - before, LENGTH - there);
  }
});

test("after another boot trusts only what was certainly on the disk", async (options) => {
  const file = new RemoteFile();
  const synced: [number, number][] = [[100_000, 700_000], [2_000_000, LENGTH]];
  for (const [boot, there] of [["boot-0", synced], ["", synced], ["boot-1", [[0, 1_500_000], synced[1]!]]] as const) {
    await using bench = await DownloadBench.start((request) => file.answer(request), options);
    const good = there as [number, number][];
    leave(bench, file, { bootId: boot, written: [[0, 1_500_000], [2_000_000, LENGTH]], synced }, good);
    await assertDone(bench, file);
    assertEquals(bench.bytes, LENGTH - good.reduce((sum, [from, to]) => sum + to - from, 0), boot);
  }
});

test("does not call synced what it finds written", async (options) => {
  const file = new RemoteFile();
  const found: [number, number][] = [[0, 500_000], [2_000_000, 2_100_000]];
  for (const version of [1, 2]) {
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    const synced = version === 1 ? 400_000 : [[0, 400_000]];
    leave(bench, file, { version, synced, written: found }, found);
    if (version === 1) Deno.truncateSync(bench.path("file.part"), 500_000);
    await begin(bench, 100_000);
    assertEquals(readState(bench).synced, [[0, 400_000]]);
    assertEquals(readState(bench).written[0]![0], 0);
  }
});

const BROKEN: Record<string, Record<string, unknown>> = {
  "of pieces in disorder": { written: [[2_000_000, LENGTH], [0, 10]], synced: [] },
  "of pieces over each other": { written: [[0, 20], [10, LENGTH]], synced: [] },
  "of pieces behind the end": { written: [[0, LENGTH + 1]], synced: [] },
  "of an empty piece": { written: [[5, 5]], synced: [] },
  "of no pieces": { written: "all", synced: [] },
  "without what was synced": { written: [[0, LENGTH]], synced: undefined },
  "of another url": { url: "http://127.0.0.1/y", written: [[0, LENGTH]], synced: [] },
  "of a later form": { version: 3, written: [[0, LENGTH]], synced: [] },
  "that takes pieces for a beginning": { version: 1, written: [[0, LENGTH]], synced: [[0, LENGTH]] },
};
for (const [name, state] of Object.entries(BROKEN)) {
  test(`does not trust a state ${name}`, async (options) => {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request) => file.answer(request), options);
    leave(bench, file, state, []);
    await assertDone(bench, file);
    assertEquals(rangeOf(bench.server.requests[0]!), "all");
  });
}

test("does not trust a state that outlived its bytes", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), options);
  leave(bench, file, { written: [[0, 10], [2_000_000, 2_500_000]], synced: [] }, []);
  Deno.truncateSync(bench.path("file.part"), 2_000_000);
  await assertDone(bench, file);
  assertEquals(rangeOf(bench.server.requests[0]!), "all");
});

test("starts over, with one connection or several, what has changed since it was left in pieces", async (options) => {
  for (const count of [1, 4]) {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    await begin(bench);
    file.version = "two";
    await using next = bench.another({ ...options, segments: { count, bytes: LEAST } });
    assertEquals((await next.fetch("/x")).type, "done");
    assertEquals(bench.read(), file.content("two"));
    assertEquals(bench.names(), ["file"]);
  }
});

test("starts over at once when the file has changed and nobody has the rest of it any more", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => {
    if (request.nth > 1) file.version = "two";
    return file.answer(request);
  }, { ...options, segments: { count: 1 } });
  const there: [number, number][] = [[0, 500_000], [1_000_000, 2_000_000]];
  leave(bench, file, { written: there, synced: [] }, there);
  await assertDone(bench, file, "two");
  assertEquals(bench.server.requests.map(rangeOf), [
    "bytes=500000-999999",
    `bytes=2000000-${LENGTH - 1}`,
    "bytes=2000000-",
  ]);
});

test("finishes what was left whole in pieces", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), options);
  leave(bench, file, { written: [[0, LENGTH]], synced: [] }, [[0, LENGTH]]);
  await assertDone(bench, file);
  assertEquals([bench.server.requests.map(rangeOf), bench.bytes], [[`bytes=${LENGTH - 1}-`], 0]);
});

test("does not take the digest of a piece for that of the file", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start(async (request) => {
    const answer = file.answer(request);
    const body = await answer.bytes();
    answer.headers.set("content-digest", `sha-256=:${hash("sha256", body, "base64")}:`);
    return new Response(body, { status: answer.status, headers: answer.headers });
  }, { ...options, segments: { count: 1 } });
  leave(bench, file, { written: [[1_000_000, LENGTH]], synced: [] }, [[1_000_000, LENGTH]]);
  await assertDone(bench, file);
  assertEquals([bench.bytes, bench.server.requests.length], [1_000_000, 1]);
});

Deno.test("Segments name what was brought to the disk, and nothing that was not", async () => {
  const file = new RemoteFile({ length: 100_000_000 });
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server, 50, 10), {
    segments: { count: 4 },
  });
  const running = bench.fetch("/x");
  const synced = await until("what is on the disk", () => {
    const state = bench.bytes > 64 * 1024 * 1024 ? readState(bench) : undefined;
    return state !== undefined && state.synced.length > 0 && state.synced;
  }, { everyMs: 2 });
  bench.context.watchdog.abortAll(new StoppedError("stopped"));
  assertEquals((await running).type, "released");
  // The machine goes down: what was not synced may be anything.
  const content = file.content();
  using part = Deno.openSync(bench.path("file.part"), { read: true, write: true });
  let at = 0;
  for (const [from, to] of [...readState(bench).synced, [100_000_000, 0]] as const) {
    part.seekSync(at, Deno.SeekMode.Start);
    for (let rest = from - at; rest > 0; rest -= 1_000_000) part.writeSync(new Uint8Array(Math.min(rest, 1_000_000)));
    at = to;
  }
  const sum = synced.reduce((bytes, [from, to]) => bytes + to - from, 0);
  assert(sum > 30_000_000, `${sum}`);
  await using next = bench.another({ bootId: "boot-2", segments: { count: 2 } });
  assertEquals((await next.fetch("/x")).type, "done");
  assertEquals(hash("md5", bench.read()), hash("md5", content));
  assert(next.bytes <= 100_000_000 - sum, `${next.bytes}`);
});
