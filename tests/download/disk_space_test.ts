/** Several downloads on a disk that has not room for all of them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DiskSpace } from "../../download/disk_space.ts";
import { StoppedError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { FileSpace } from "../../ffi/file_space.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { bytesFor, type FaultHandler } from "../support/fault_server.ts";
import { Http2Server } from "../support/http2_server.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { until } from "../support/until.ts";
import { DownloadBench } from "./download_bench.ts";

const LENGTH = 3_000_000;
const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** The range of a file that was asked for. */
function rangeOf(path: string, asked: Headers): Response {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(asked.get("range")!)!;
  const [start, end] = [Number(from), to === "" ? LENGTH : Number(to) + 1];
  const headers = { etag: '"one"', "content-range": `bytes ${start}-${end - 1}/${LENGTH}` };
  return new Response(bytesFor(path, LENGTH).subarray(start, end), { status: 206, headers });
}

/** What comes of a file before its download is broken off: of each a little more than of the one before. */
function partOf(name: string): number {
  return 2_550_000 + 10_000 * NAMES.indexOf(name);
}

/** Files of 3 MB on a disk of 20 MiB: six of them fit, and eight are wanted. */
async function onFullDisk(
  handler: FaultHandler,
  run: (bench: DownloadBench, resize: (size?: string) => void) => Promise<void>,
): Promise<void> {
  await using bench = await DownloadBench.start(handler);
  await onSmallDisk(bench.root, async (resize) => {
    try {
      await run(bench, resize);
    } finally {
      // Nothing may be open there any more.
      for (const each of bench.open.splice(0)) each[Symbol.dispose]();
    }
  }, "20m");
}

/** Fetches what was not fetched before, in turns, as a list does: each time with what the time before said. */
class Fetching {
  readonly outcomes = new Map<string, TaskOutcome>();

  constructor(readonly benches: readonly DownloadBench[], readonly names: readonly string[]) {}

  get open(): string[] {
    return this.names.filter((name) => this.outcomes.get(name)?.type !== "done");
  }

  async all(): Promise<void> {
    await Promise.all(this.open.map((name) => this.one(name)));
  }

  async one(name: string): Promise<TaskOutcome> {
    const i = this.names.indexOf(name);
    const before = this.outcomes.get(name);
    const space = before?.type === "deferred" ? before.error?.space : undefined;
    const bench = this.benches[i % this.benches.length]!;
    const outcome = await bench.fetch(`/${name}`, { out: name, seq: i, ...(space === undefined ? {} : { space }) });
    this.outcomes.set(name, outcome);
    assert(outcome.type === "done" || outcome.type === "deferred", JSON.stringify(outcome));
    return outcome;
  }

  /** Asserts that those which are done are whole, and that of the others nothing is there but what is named. */
  assertDone(root: string, length: number, ...left: string[]): void {
    const done = this.names.filter((name) => !this.open.includes(name));
    const there = Array.from(Deno.readDirSync(root), ({ name }) => name).filter((name) => name[0] !== ".");
    assertEquals(there.sort(), [...done, ...left].sort());
    for (const name of done) assertEquals(Deno.readFileSync(join(root, name)), bytesFor(`/${name}`, length));
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `DiskSpace ${name}`, ignore: !mayMount, fn });
}

test("reserves what is announced before the first byte, over several processes", async () => {
  let free = false;
  const answer: FaultHandler = ({ path }, server) => server.flow(bytesFor(path, LENGTH), 1000, () => free);
  await onFullDisk(answer, async (bench, resize) => {
    await using other = bench.another();
    const fetching = new Fetching([bench, other], NAMES);
    const all = fetching.all();
    // Nothing but their first bytes has come when those are turned away for which there is no room.
    await until("two of them", () => fetching.outcomes.size >= 2);
    free = true;
    await all;
    assertEquals([fetching.open.length, bench.server.requests.length], [2, 8]);
    for (const name of fetching.open) {
      const outcome = fetching.outcomes.get(name)!;
      assert(outcome.type === "deferred");
      assertEquals([outcome.error?.kind, outcome.error?.space], ["disk", { bytes: LENGTH }]);
      assertStringIncludes(outcome.error!.message, "No space left for its 3000000 bytes: ");
    }
    // As long as there is no room, nobody is asked again.
    for (let looks = 0; looks < 3; looks++) await fetching.all();
    assertEquals([fetching.open.length, bench.server.requests.length], [2, 8]);
    fetching.assertDone(bench.root, LENGTH);
    resize();
    await fetching.all();
    assertEquals([fetching.open.length, bench.server.requests.length], [0, 10]);
    fetching.assertDone(bench.root, LENGTH);
  });
});

for (const count of [1, 3]) {
  test(`lets the nearest go on where parts fill the disk, and others give theirs back, segments ${count}`, async () => {
    let free = false;
    const answer: FaultHandler = ({ path, headers: asked }, server) => {
      if (asked.has("range")) return rangeOf(path, asked);
      return server.flow(bytesFor(path, LENGTH), partOf(path.slice(1)), () => free, { headers: { etag: '"one"' } });
    };
    await onFullDisk(answer, async (bench, resize) => {
      await using other = bench.another();
      resize("40m");
      const begun = NAMES.map((out, seq) => bench.fetch(`/${out}`, { out, seq, segments: 1 }));
      await until("their parts", () => bench.bytes >= NAMES.reduce((sum, name) => sum + partOf(name), 0));
      bench.context.watchdog.abortAll(new StoppedError("enough"));
      for (const outcome of await Promise.all(begun)) assertEquals(outcome.type, "released");
      assertEquals(bench.names().filter((name) => name.endsWith(".part")).length, 8);
      free = true;
      resize("20m");
      bench.context.segments = other.context.segments = count;
      const fetching = new Fetching([bench, other], NAMES);
      await fetching.all();
      const requests = bench.server.requests.length;
      // One after the other gives back what it has, at the most once for each file that is done.
      for (let looks = 0; looks < 12 && fetching.open.length > 2; looks++) await fetching.all();
      assertEquals(fetching.open.length, 2);
      // Those furthest from their ends.
      assertEquals(fetching.open, ["a", "b"]);
      assert(bench.server.requests.length <= requests + 8 * count, `${bench.server.requests.length - requests}`);
      // The nearest of those keeps what it has: that would not help the other one.
      fetching.assertDone(bench.root, LENGTH, "b.part", "b.part-info");
      resize();
      await fetching.all();
      assertEquals(fetching.open, []);
    });
  });
}

test("shares a disk on which nothing can be reserved", async () => {
  let free = false;
  const answer: FaultHandler = ({ path, headers: asked }, server) => {
    if (asked.has("range")) return rangeOf(path, asked);
    return server.flow(bytesFor(path, LENGTH), 1000, () => free, { headers: { etag: '"one"' } });
  };
  await onFullDisk(answer, async (bench) => {
    await using other = bench.another();
    // As on a system or a file system that has no call for it.
    for (const { context, open, root } of [bench, other]) {
      open.push(context.space = new DiskSpace(root, new FileSpace(undefined)));
    }
    const fetching = new Fetching([bench, other], NAMES);
    const all = fetching.all();
    await until("their beginnings", () => bench.bytes + other.bytes >= 8 * 1000);
    free = true;
    await all;
    for (let looks = 0; looks < 12 && fetching.open.length > 2; looks++) await fetching.all();
    assertEquals(fetching.open.length, 2);
  });
});

test("lets files go one at a time that have filled the disk and whose length nobody knows", async () => {
  const length = 8_000_000;
  const answer: FaultHandler = ({ path }) => new Response(new Blob([bytesFor(path, length)]).stream());
  await onFullDisk(answer, async (bench) => {
    await using other = bench.another();
    const fetching = new Fetching([bench, other], ["x", "y", "z"]);
    for (let looks = 0; looks < 6 && fetching.open.length > 1; looks++) await fetching.all();
    assertEquals(fetching.open.length, 1);
    const requests = bench.server.requests.length;
    for (let looks = 0; looks < 3; looks++) await fetching.all();
    assertEquals([fetching.open.length, bench.server.requests.length], [1, requests]);
    fetching.assertDone(bench.root, length);
  });
});

test("asks no server again for small files that have no room, and lets them go when there is some", async () => {
  await onFullDisk(({ path }) => new Response(bytesFor(path, 30_000)), async (bench) => {
    const filler = join(bench.root, ".filler");
    await Deno.mkdir(join(bench.root, ".corehaul"), { recursive: true });
    const fill = () => Deno.writeFile(filler, new Uint8Array(40 << 20)).catch(() => {});
    await fill();
    const fetching = new Fetching([bench], NAMES);
    for (let looks = 0; looks < 3; looks++) await fetching.all();
    assertEquals([fetching.open.length, bench.server.requests.length], [8, 8]);
    await Deno.remove(filler);
    await fetching.all();
    assertEquals([fetching.open.length, bench.server.requests.length], [0, 16]);
    fetching.assertDone(bench.root, 30_000);
  });
});

for (const lane of [true, false]) {
  test(`asks no server of HTTP/2 for bytes that would be thrown away, ${lane ? "lane" : "fetch"}`, async () => {
    const content = bytesFor("content", LENGTH);
    const pair = await testCertificate(["localhost"]);
    await using server = await Http2Server.start(pair, content);
    await onFullDisk(() => new Response(), async (bench, resize) => {
      resize("2m");
      const driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, caCerts: [pair.cert] } });
      bench.open.push(driver);
      bench.context.drivers = [driver];
      const url = `https://localhost:${server.port}/x`;
      let outcome = await bench.fetch("", { url });
      for (let looks = 0; looks < 4; looks++) {
        assert(outcome.type === "deferred", JSON.stringify(outcome));
        outcome = await bench.fetch("", { url, space: outcome.error!.space! });
      }
      assertEquals([server.requests.length, bench.bytes], [1, 0]);
      resize();
      assertEquals((await bench.fetch("", { url, space: { bytes: LENGTH } })).type, "done");
      assertEquals(bench.read(), content);
    });
  });
}

test("reserves nothing where there is plenty of room", async () => {
  const length = 2_000_000;
  let free = false;
  const answer: FaultHandler = ({ path }, server) => server.flow(bytesFor(path, length), 1000, () => free);
  await onFullDisk(answer, async (bench) => {
    using space = new FileSpace(libcLibrary());
    const fetching = new Fetching([bench], ["a", "b"]);
    const taken: number[] = [];
    const ends: Promise<TaskOutcome>[] = [];
    for (const [i, name] of fetching.names.entries()) {
      ends.push(fetching.one(name));
      await until("its first bytes", () => bench.bytes >= (i + 1) * 1000);
      taken.push(Math.round(space.free(bench.root)!.bytes / 1_000_000));
    }
    // Both together are more than an eighth of what is free.
    assertEquals(taken, [21, 19]);
    free = true;
    await Promise.all(ends);
    fetching.assertDone(bench.root, length);
  });
});

test("gives back the space of a download that is left unfinished", async () => {
  const length = 15_000_000;
  let free = false;
  const answer: FaultHandler = ({ path }, server) =>
    server.flow(bytesFor(path, length), 2_000_000, () => free, { headers: { etag: '"one"' } });
  await onFullDisk(answer, async (bench) => {
    await using other = bench.another();
    const fetching = new Fetching([bench, other], ["large", "other"]);
    const large = bench.fetch("/large", { out: "large" });
    await until("its bytes", () => bench.bytes >= 2_000_000);
    assertEquals((await fetching.one("other")).type, "deferred");
    bench.context.watchdog.abortAll(new StoppedError("enough"));
    assertEquals((await large).type, "released");
    assertEquals((await Deno.stat(bench.path("large.part"))).size >= 2_000_000, true);
    free = true;
    assertEquals((await fetching.one("other")).type, "done");
    assertEquals(bench.read("other"), bytesFor("/other", length));
  });
});

Deno.test("DiskSpace costs a small file nothing that never found the disk full", async () => {
  await using bench = await DownloadBench.start(({ path }) => new Response(bytesFor(path, 60_000)));
  const touched: string[] = [];
  const { space } = bench.context;
  bench.context.space = new Proxy(space, {
    get: (_, name) => void touched.push(String(name)),
  }) as DiskSpace;
  assertEquals((await bench.fetch("/small")).type, "done");
  assertEquals(touched, []);
  bench.context.space = space;
});
