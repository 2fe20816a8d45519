/** What a download may cost: bytes a second, bytes in all, and space on the disk. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { StoppedError } from "../../download/download_error.ts";
import { RateLimiter } from "../../download/rate_limiter.ts";
import { Throttle } from "../../download/throttle.ts";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

function testIf(possible: boolean, name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) {
    Deno.test({ name: `Attempt ${name}, ${lane ? "lane" : "fetch"}`, ignore: !possible, fn: () => run(lane) });
  }
}

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  testIf(true, name, run);
}

test("refuses a file that is too large, announced or not, and leaves nothing", async (lane) => {
  const body = bytesFor("x", 300_000);
  await using bench = await DownloadBench.start(
    ({ path }) => new Response(path === "/announced" ? body : new Blob([body]).stream(), { headers: { etag: '"x"' } }),
    { lane },
  );
  bench.context.maxSize = 200_000;
  for (const path of ["/announced", "/chunked"]) {
    const outcome = await bench.fetch(path);
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assertEquals([outcome.error.kind, outcome.error.retryable], ["size", false]);
    assertStringIncludes(outcome.error.message, "must be at most 200000");
    assertEquals(bench.names(), []);
  }
  bench.context.maxSize = 300_000;
  assertEquals((await bench.fetch("/announced")).type, "done");
});

test("gives up a download that is too slow for too long", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path }, server) => server.trickle(bytesFor(path, 2_000_000), 1000, 20),
    { lane, limits: { stallTimeoutMs: 500, minSpeed: 1_000_000 } },
  );
  const outcome = await bench.fetch("/x");
  assert(outcome.type === "retry", JSON.stringify(outcome));
  assertEquals(outcome.error.kind, "timeout");
  assertStringIncludes(outcome.error.message, "are fewer than 1000000");
});

test("is neither slow nor stalled while it waits for its share of the rate", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => new Response(bytesFor(path, 1_000_000)), {
    lane,
    limits: { stallTimeoutMs: 1000, minSpeed: 1_000_000 },
  });
  {
    // Whatever is loaded and started for a first download is there then.
    await using first = bench.another({ lane });
    assertEquals((await first.fetch("/first", { out: "first" })).type, "done");
  }
  bench.context.throttle = new Throttle(RateLimiter.create(400_000));
  const before = performance.now();
  const outcome = await bench.fetch("/x");
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  // Longer than the stall timeout: 2.5 seconds less the burst and the last piece, which nobody waits for.
  assert(performance.now() - before > 1000, `${performance.now() - before} ms`);
  assertEquals(bench.read(), bytesFor("/x", 1_000_000));
});

test("holds one task to a rate of its own, and no other one", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => new Response(bytesFor(path, 400_000)), { lane });
  const before = performance.now();
  assertEquals((await bench.fetch("/x", { out: "held", limitRate: 400_000 })).type, "done");
  assert(performance.now() - before > 200, `${performance.now() - before} ms`);
  // This one takes hours, and the other one does not wait for it.
  const slow = bench.fetch("/x", { out: "slow", limitRate: 10 });
  assertEquals((await bench.fetch("/x", { out: "free" })).type, "done");
  bench.context.watchdog.abortAll(new StoppedError("stopped"));
  assertEquals((await slow).type, "released");
});

test("brings small and large files to the disk when it is told to", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => new Response(bytesFor(path, Number(path.slice(1)))), {
    lane,
  });
  bench.context.fsync = true;
  for (const size of [0, 10, 2_000_000]) {
    const outcome = await bench.fetch(`/${size}`, { out: `sub/${size}` });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(bench.read(`sub/${size}`), bytesFor(`/${size}`, size));
  }
  assertEquals([...Deno.readDirSync(bench.path("sub"))].length, 3);
});

test("does not blame the server while the disk is slow", async (lane) => {
  const bytes = bytesFor("x", 300_000);
  await using bench = await DownloadBench.start(() => new Response(bytes), { lane, limits: { stallTimeoutMs: 300 } });
  bench.context.fsync = true;
  const { sync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.sync = async function () {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await sync.call(this);
  };
  try {
    const outcome = await bench.fetch("/x");
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
  } finally {
    Deno.FsFile.prototype.sync = sync;
  }
  assertEquals(bench.read(), bytes);
});

/** Only root can make a small disk. */
const mayMount = Deno.build.os === "linux" && Deno.uid() === 0;

for (const count of [1, 4]) {
  const name = `waits, uncounted, while the disk is full, and keeps what can be continued, segments ${count}`;
  testIf(mayMount, name, (lane) => fillDisk(lane, count));
}

async function fillDisk(lane: boolean, count: number): Promise<void> {
  const segments = { count, bytes: 100_000 };
  await using bench = await DownloadBench.start(
    (request) => request.path === "/500" ? new Response("", { status: 500 }) : file.answer(request),
    { lane, segments },
  );
  const file = new RemoteFile();
  const small = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=2m", "tmpfs", bench.root],
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!small.success) throw new Error(new TextDecoder().decode(small.stderr));
  try {
    for (let attempts = 0; attempts < 3; attempts++) {
      const full = await bench.fetch("/x", { attempts: 5 });
      assert(full.type === "deferred", JSON.stringify(full));
      assertEquals(full.error?.kind, "disk");
      assertStringIncludes(full.error!.message, "No space left");
      assert(!bench.names().includes("file"));
    }
    // What another source had before does not make it a failure.
    const mirrored = await bench.fetch("/500", { attempts: 5, mirrors: [`${bench.server.url}/x`] });
    assert(mirrored.type === "deferred", JSON.stringify(mirrored));
    const grown = new Deno.Command("mount", { args: ["-o", "remount,size=20m", bench.root] }).outputSync();
    assert(grown.success);
    assertEquals((await bench.fetch("/x", { attempts: 5 })).type, "done");
    assertEquals(bench.read(), file.content());
    assertEquals(bench.names(), ["file"]);
  } finally {
    for (const each of bench.open.splice(0)) each[Symbol.dispose]();
    new Deno.Command("umount", { args: [bench.root] }).outputSync();
  }
}
