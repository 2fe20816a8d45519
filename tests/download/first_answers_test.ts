/** What downloads tell of how hosts answer, and what becomes of hosts that do not. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { DownloadTask } from "../../download/download_context.ts";
import { StoppedError } from "../../download/download_error.ts";
import { HostTable } from "../../download/host_table.ts";
import { type HostPlace, HostVisits, type SilencePolicy } from "../../download/host_visits.ts";
import { procDownloadCore } from "../../download/proc_download_core.ts";
import { silencePolicy } from "../../download/silence_policy.ts";
import { taskHost, type TaskOutcome } from "../../queue/task_model.ts";
import { type FaultHandler, FaultServer } from "../support/fault_server.ts";
import { SilentListeners } from "../support/silent_listener.ts";
import { until } from "../support/until.ts";
import { DownloadBench, type DownloadBenchOptions } from "./download_bench.ts";

const POLICY: SilencePolicy = { tries: 3, waitMs: (tries) => 1000 * tries };

async function start(lane: boolean, handler: FaultHandler, limits: DownloadBenchOptions["limits"] = {}) {
  const bench = await DownloadBench.start(handler, { lane, limits });
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const table = HostTable.create({ perHost: "auto" }, clock);
  const answers = table.answers!;
  bench.context.hosts = new HostVisits(table, true, 600_000, POLICY);
  bench.context.coolHost = (host, until) => table.coolDown(host, until);
  let claims = 0;
  /** Runs a task as the pool does: from a place at the host of its url. */
  const fetch = async (url: string, task: Partial<DownloadTask> = {}): Promise<TaskOutcome> => {
    const place: HostPlace = { host: taskHost(url) };
    assertEquals(table.tryAcquire(place.host).type, "ok");
    const fence = `f${++claims}`;
    const whole = { id: "t1", url, out: `${claims}`, seq: claims, attempts: 0, core: 0, fence, ...task };
    const outcome = await procDownloadCore(whole, bench.context, place);
    table.release(place.host);
    return outcome;
  };
  const cap = (url: string) => answers.capOf(taskHost(url));
  return { bench, table, answers, fetch, cap, clock, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`HostVisits ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

test("tells that a host has answered as soon as that is so, be it to refuse or to lead elsewhere", async (lane) => {
  let free = false;
  await using far = FaultServer.start((_, server) => server.flow(new Uint8Array(1_000_000), 100_000, () => free));
  await using all = await start(
    lane,
    ({ path }) =>
      path === "/away"
        ? new Response(null, { status: 302, headers: { location: `${far.url}/x` } })
        : new Response("", { status: 404 }),
  );
  const { bench, fetch, cap, table } = all;
  assertEquals([cap(bench.server.url), cap(far.url)], [0, 0]);
  const download = fetch(`${bench.server.url}/away`);
  await until("an answer of the far host", () => cap(far.url) === Infinity);
  assertEquals(cap(bench.server.url), Infinity);
  free = true;
  assertEquals((await download).type, "done");
  await using other = await start(lane, () => new Response("", { status: 404 }));
  assertEquals((await other.fetch(`${other.bench.server.url}/x`)).type, "failed");
  assertEquals(other.cap(other.bench.server.url), Infinity);
  assertEquals(table.inUse(taskHost(far.url)), 0);
});

test("counts a host as one that has answered while its download waits for the next one", async (lane) => {
  await using all = await start(
    lane,
    () => new Response(null, { status: 302, headers: { location: "http://far.test/x" } }),
  );
  const { bench, table, fetch, cap } = all;
  // Somebody else waits for the first answer of the far one.
  table.tryAcquire("far.test");
  const download = fetch(`${bench.server.url}/x`);
  await until("an answer of the near host", () => cap(bench.server.url) === Infinity);
  assertEquals(table.inUse("far.test"), 1);
  bench.context.watchdog.abortAll(new StoppedError("enough"));
  assertEquals((await download).type, "released");
});

test("begins at the mirror at which it has its place", async (lane) => {
  await using mirror = FaultServer.start(() => new Response("x"));
  await using all = await start(lane, () => new Response("x"));
  const { bench, table } = all;
  const host = taskHost(mirror.url);
  assertEquals(table.tryAcquire(host).type, "ok");
  const task = {
    id: "t1",
    url: `${bench.server.url}/x`,
    mirrors: ["http://127.0.0.1:1/x", `${mirror.url}/x`],
    out: "x",
  };
  const whole = { ...task, seq: 1, attempts: 0, core: 0, fence: "f" };
  assertEquals((await procDownloadCore(whole, bench.context, { host })).type, "done");
  table.release(host);
  assertEquals([mirror.requests.length, bench.server.requests.length], [1, 0]);
});

test("takes the name of a host that only stands for another one for one that has answered", async (lane) => {
  await using all = await start(lane, () => new Response("x"));
  const { bench, table, cap } = all;
  const place: HostPlace = { host: "bucket" };
  table.tryAcquire("bucket");
  const { host } = new URL(bench.server.url);
  await bench.context.hosts!.enter(place, host, bench.context.watchdog.start(bench.server.url), "s3://bucket/x");
  assertEquals([place.host, cap("s3://bucket/x"), cap(bench.server.url)], [host, Infinity, 0]);
  table.release(host);
});

test("takes a host that refuses connections neither for one that has answered nor for a silent one", async (lane) => {
  const url = "http://127.0.0.1:1/x";
  await using all = await start(lane, () => new Response("x"));
  const outcome = await all.fetch(url, { mirrors: [`${all.bench.server.url}/x`] });
  assertEquals(outcome.type, "done");
  assertEquals([all.cap(url), all.answers.isSilent("127.0.0.1:1")], [0, false]);
  assertEquals(all.cap(all.bench.server.url), Infinity);
});

test("leaves a silent host alone for longer each time, then gives it up, and asks it again after that", async (lane) => {
  await using silent = SilentListeners.start(1);
  await using all = await start(lane, () => new Response("x"), { stallTimeoutMs: 100 });
  const [base] = silent.urls as [string];
  const host = taskHost(base);
  const { table, answers, clock, fetch } = all;
  for (const tries of [1, 2]) {
    const before = clock.now();
    const outcome = await fetch(`${base}/${tries}`);
    assert(outcome.type === "retry" && outcome.error.kind === "timeout", JSON.stringify(outcome));
    const waits = table.coolUntil(host) - before;
    assert(waits >= 1000 * tries, `${waits} ms`);
    assert(answers.isSilent(host) && answers.silentSince(host) > 0);
    clock.ahead += waits;
  }
  assertEquals((await fetch(`${base}/3`)).type, "retry");
  assertEquals([table.coolUntil(host), answers.isGivenUp(host), silent.requests[0]], [0, true, 3]);
  // All the others fail at once, and the first run after that asks again; another source is asked all the same.
  const failed = await fetch(`${base}/4`);
  assert(
    failed.type === "failed" && failed.error.retryable && failed.error.retryAt! > clock.now(),
    JSON.stringify(failed),
  );
  assertMatch(failed.error.message, /^127\.0\.0\.1:\d+: silent since \S+Z; not asked again before \S+Z$/);
  assertEquals((await fetch(`${base}/5`, { mirrors: [`${all.bench.server.url}/5`] })).type, "done");
  assertEquals(silent.requests[0], 3);
  clock.ahead += 61_000;
  assertEquals((await fetch(`${base}/6`)).type, "retry");
  assertEquals(silent.requests[0], 4);
});

test("caps a host that times out or refuses once it has answered", async (lane) => {
  await using all = await start(lane, async ({ path }, server) => {
    if (path.startsWith("/stall")) await server.hold(() => false);
    if (path.startsWith("/busy")) return new Response("", { status: 503 });
    return new Response("x");
  }, { stallTimeoutMs: 100 });
  const { bench: { server: { url } }, table, fetch, cap, clock } = all;
  assertEquals((await fetch(`${url}/a`)).type, "done");
  for (let i = 0; i < 63; i++) table.tryAcquire(taskHost(url));
  assertEquals((await fetch(`${url}/stall`)).type, "retry");
  assertEquals([cap(url), table.coolUntil(taskHost(url))], [32, 0]);
  clock.ahead += 1000;
  for (let i = 0; i < 40; i++) table.release(taskHost(url));
  assertEquals((await fetch(`${url}/busy`)).type, "retry");
  assertEquals(cap(url), 12);
  for (let i = 0; i < 20; i++) table.release(taskHost(url));
  clock.ahead += 10_000;
  assertEquals((await fetch(`${url}/b`)).type, "done");
  assertEquals(cap(url), 13);
});

Deno.test("silencePolicy waits as a task would, and gives up after as many tries as a task has", () => {
  const policy = silencePolicy({ retries: 5, retryWaitMs: 1000, maxHostWaitMs: 10_000 });
  assertEquals([1, 2, 3, 4, 5, 9].map(policy.waitMs), [1000, 2000, 4000, 8000, 10_000, 10_000]);
  assertEquals(policy.tries, 6);
  assertEquals(silencePolicy({ retries: 0, retryWaitMs: 1000, maxHostWaitMs: 10_000 }).tries, 3);
});
