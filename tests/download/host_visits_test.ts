/** Mirrors and redirects lead to other hosts, which have their limits too. */
import { assert, assertEquals } from "@std/assert";
import type { DownloadTask } from "../../download/download_context.ts";
import { extraPlace } from "../../download/extra_place.ts";
import { HostTable, type HostTableOptions } from "../../download/host_table.ts";
import { HostVisits } from "../../download/host_visits.ts";
import { procDownloadCore } from "../../download/proc_download_core.ts";
import { taskHost, type TaskOutcome } from "../../queue/task_model.ts";
import { bytesFor, type FaultHandler, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { until } from "../support/until.ts";
import { DownloadBench } from "./download_bench.ts";
import { paced } from "./segments_kit.ts";

const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });
const busy = (seconds: number) => new Response("", { status: 429, headers: { "retry-after": String(seconds) } });

interface Watched extends AsyncDisposable {
  bench: DownloadBench;
  table: HostTable;
  /** Runs a task as the pool does: from a place at the host of its url, if it can have one. */
  fetch: (path: string, task?: Partial<DownloadTask>) => Promise<TaskOutcome>;
}

/** A patience that no test outlasts. */
const LONG_MS = 600_000;

async function start(
  lane: boolean,
  handler: FaultHandler,
  { patienceMs = LONG_MS, ...options }: HostTableOptions & { patienceMs?: number } = {},
): Promise<Watched> {
  const bench = await DownloadBench.start(handler, { lane });
  const table = HostTable.create(options);
  const capped = options.perHost !== undefined || options.perHostRate !== undefined;
  bench.context.hosts = new HostVisits(table, capped, patienceMs);
  bench.context.coolHost = (host, until) => table.coolDown(host, until);
  let claims = 0;
  const fetch: Watched["fetch"] = async (path, task = {}) => {
    const url = path.includes("://") ? path : bench.server.url + path;
    const place = { host: capped ? taskHost(url) : "" };
    while (capped && table.tryAcquire(place.host).type !== "ok") await new Promise((resolve) => setTimeout(resolve, 1));
    const fence = `f${++claims}`;
    const whole = { id: "t1", url, out: `${claims}`, seq: 1, attempts: 0, core: 0, fence, ...task };
    const outcome = await procDownloadCore(whole, bench.context, place);
    table.release(place.host);
    return outcome;
  };
  return { bench, table, fetch, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`HostVisits ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

test("leaves the host alone that said so, be it that of a mirror or one that a redirect leads to", async (lane) => {
  await using far = FaultServer.start(() => busy(3000));
  await using mirror = FaultServer.start(() => busy(1500));
  await using all = await start(lane, ({ path }) => path === "/away" ? redirect(`${far.url}/x`) : new Response("here"));
  const { table, fetch, bench } = all;
  const until = (server: FaultServer) => table.coolUntil(taskHost(server.url));
  const before = Date.now();
  const first = await fetch("/away", { mirrors: [`${mirror.url}/x`] });
  assert(first.type === "retry" && first.error.status === 429, JSON.stringify(first));
  assert(until(far) >= before + 3_000_000 && until(mirror) >= before + 1_500_000);
  assertEquals(until(bench.server), 0);
  // The host that redirects is asked, the cooling ones are not; the first that is free again says when to come back.
  const second = await fetch("/away", { mirrors: [`${mirror.url}/x`] });
  assertEquals(second, { type: "deferred", notBefore: until(mirror) });
  assertEquals([far.requests.length, mirror.requests.length, bench.server.hits("/away")], [1, 1, 2]);
  assertEquals((await fetch("/plain")).type, "done");
});

test("passes over sources that are cooling, as long as another one is free", async (lane) => {
  await using mirror = FaultServer.start(() => new Response(bytesFor("x", 1000)));
  await using all = await start(lane, () => new Response(bytesFor("x", 1000)));
  const { table, fetch, bench } = all;
  table.coolDown(taskHost(bench.server.url), Date.now() + 3_600_000);
  const outcome = await fetch("/x", { mirrors: [`${bench.server.url}/y`, `${mirror.url}/x`] });
  assert(outcome.type === "done", JSON.stringify(outcome));
  assertEquals([bench.server.requests.length, mirror.requests.length], [0, 1]);
});

test("asks a mirror at a host no more that has just said 429", async (lane) => {
  await using all = await start(lane, () => busy(60));
  const outcome = await all.fetch("/x", { mirrors: [`${all.bench.server.url}/y`, `${all.bench.server.url}/z`] });
  assert(outcome.type === "retry", JSON.stringify(outcome));
  assertEquals(all.bench.server.requests.length, 1);
});

test("lets a task come back for a mirror that is cooling: counts what has failed, and fails only when all have", async (lane) => {
  await using mirror = FaultServer.start(() => new Response("x"));
  await using all = await start(lane, () => new Response("", { status: 404 }));
  const until = Date.now() + 3_600_000;
  all.table.coolDown(taskHost(mirror.url), until);
  const mirrors = [`${mirror.url}/x`];
  const outcome = await all.fetch("/x", { mirrors });
  assert(
    outcome.type === "retry" && outcome.error.status === 404 && outcome.notBefore >= until,
    JSON.stringify(outcome),
  );
  const last = await all.fetch("/x", { mirrors, attempts: 2 });
  assert(last.type === "deferred" && last.notBefore >= until, JSON.stringify(last));
  assertEquals(last.error?.status, 404);
  assertEquals(mirror.requests.length, 0);
  const gone = await all.fetch("/x", { mirrors: [`${all.bench.server.url}/y`], attempts: 2 });
  assert(gone.type === "failed", JSON.stringify(gone));
});

test("fails a task whose host asks for more than it may, names the time, and asks the host no earlier", async (lane) => {
  await using all = await start(lane, () => busy(7200));
  const { bench, table, fetch } = all;
  const before = Date.now();
  for (const asked of [true, false]) {
    const outcome = await fetch("/x");
    assert(outcome.type === "failed", JSON.stringify(outcome));
    const { retryAt, message, retryable } = outcome.error;
    assert(retryAt! >= before + 7_200_000 && retryAt! <= Date.now() + 7_200_000, JSON.stringify(outcome));
    const host = taskHost(bench.server.url);
    assertEquals(table.coolUntil(host), retryAt);
    const time = new Date(retryAt!).toISOString();
    const status = asked ? "HTTP status 429; " : "";
    assertEquals(message, `${host}: ${status}not to be asked before ${time}, longer than --max-host-wait`);
    // Whoever may ask after that time may ask for this one again.
    assertEquals(retryable, true);
  }
  assertEquals(bench.server.requests.length, 1);
  bench.context.maxHostWaitMs = 7_200_000;
  assertEquals((await fetch("/x")).type, "deferred");
  assertEquals(bench.server.requests.length, 1);
});

test("takes a source that is free, or soon will be, before it fails over one that asks for too much", async (lane) => {
  let mirrorAnswer = () => new Response("here");
  await using mirror = FaultServer.start(() => mirrorAnswer());
  await using all = await start(lane, () => busy(7200));
  const mirrors = [`${mirror.url}/x`];
  assertEquals((await all.fetch("/x", { mirrors })).type, "done");
  mirrorAnswer = () => new Response("", { status: 500 });
  const later = Date.now() + 600_000;
  const tried = await all.fetch("/x", { mirrors });
  assert(tried.type === "retry" && tried.error.status === 500 && tried.notBefore < later, JSON.stringify(tried));
  mirrorAnswer = () => new Response("", { status: 404 });
  const failed = await all.fetch("/x", { mirrors });
  assert(failed.type === "failed" && failed.error.retryAt! > later, JSON.stringify(failed));
  all.table.coolDown(taskHost(mirror.url), later);
  const waits = await all.fetch("/x", { mirrors, attempts: 2 });
  assert(waits.type === "deferred" && waits.notBefore < later + 60_000, JSON.stringify(waits));
  assertEquals(all.bench.server.requests.length, 1);
});

test("leaves a host alone by our own backoff no longer than it might ask for", async (lane) => {
  await using all = await start(lane, () => new Response("", { status: 503 }));
  all.bench.context.retry = { retries: 9, retryWaitMs: 60_000 };
  all.bench.context.maxHostWaitMs = 5000;
  const first = await all.fetch("/x");
  assert(first.type === "retry", JSON.stringify(first));
  assert(all.table.coolUntil(taskHost(all.bench.server.url)) <= Date.now() + 5000);
  assertEquals((await all.fetch("/y")).type, "deferred");
});

test("keeps to what a host says in the fields of rate limits only", async (lane) => {
  await using all = await start(
    lane,
    () => new Response("", { status: 429, headers: { ratelimit: '"api|pages|resolvers";r=0;t=300' } }),
  );
  const before = Date.now();
  const outcome = await all.fetch("/x");
  assert(outcome.type === "retry" && outcome.notBefore >= before + 300_000, JSON.stringify(outcome));
  assert(all.table.coolUntil(taskHost(all.bench.server.url)) >= before + 300_000);
});

test("asks a source that has failed no more often as a mirror is busy for a moment", async (lane) => {
  const wrong: FaultHandler = ({ path }) =>
    path === "/404" ? new Response("", { status: 404 }) : new Response(bytesFor("wrong", 1000));
  await using mirror = FaultServer.start(() => new Response(bytesFor("right", 1000)));
  await using all = await start(lane, wrong, { perHost: 1, patienceMs: 200 });
  const { bench, table, fetch } = all;
  bench.context.retry = { retries: 2, retryWaitMs: 600_000 };
  table.tryAcquire(taskHost(mirror.url));
  const mirrors = [`${mirror.url}/x`];
  for (const [path, task] of [["/404", {}], ["/x", { checksum: "md5:3a2bfc8a7e2d5c5b0f9d4c1e6b7a8f90" }]] as const) {
    const before = bench.server.requests.length;
    const outcome = await fetch(path, { ...task, mirrors, attempts: 2 });
    assert(outcome.type === "deferred", JSON.stringify(outcome));
    // Its own turn comes as late as after a failure.
    assert(outcome.notBefore >= Date.now() + 30_000, `${outcome.notBefore - Date.now()} ms`);
    assertEquals([bench.server.requests.length - before, mirror.requests.length], [1, 0]);
  }
});

test("counts connections where redirects and mirrors lead, and gives every place back", async (lane) => {
  // Each holds what it is asked until two are there, or the last ones are: then both places are in use.
  const crowd = () => {
    const seen = { open: 0, most: 0, asked: 0 };
    const handler: FaultHandler = async ({ path }, server) => {
      seen.most = Math.max(seen.most, ++seen.open);
      const turn = ++seen.asked;
      await server.hold(() => seen.open > 1 || seen.asked > turn || turn === 12);
      seen.open--;
      return new Response(bytesFor(path, 1000));
    };
    return { seen, server: FaultServer.start(handler) };
  };
  const [{ seen: atFar, server: far }, { seen: atMirror, server: mirror }] = [crowd(), crowd()];
  await using _far = far;
  await using _mirror = mirror;
  const near: FaultHandler = ({ path }) =>
    path.startsWith("/away") ? redirect(far.url + path) : new Response("", { status: 404 });
  await using second = FaultServer.start(near);
  await using all = await start(lane, near, { perHost: 2 });
  const { bench, table, fetch } = all;
  // From two hosts with two places each, there would be four at a time.
  const outcomes = await Promise.all(Array.from({ length: 24 }, (_, i) => {
    const url = i % 2 === 0 ? bench.server.url : second.url;
    return i < 12 ? fetch(`${url}/away${i}`) : fetch(`${url}/none${i}`, { mirrors: [`${mirror.url}/m${i}`] });
  }));
  assertEquals(outcomes.map(({ type }) => type), Array(24).fill("done"), JSON.stringify(outcomes));
  assertEquals([atFar, atMirror], [{ open: 0, most: 2, asked: 12 }, { open: 0, most: 2, asked: 12 }]);
  for (const { url } of [far, mirror, second, bench.server]) assertEquals(table.inUse(taskHost(url)), 0, url);
});

test("does not hold a place at the host that only redirects", async (lane) => {
  let release = false;
  await using far = FaultServer.start(async (_, server) => {
    await server.hold(() => release);
    return new Response("x");
  });
  await using all = await start(
    lane,
    ({ path }) => path === "/away" ? redirect(`${far.url}/x`) : new Response("here"),
    { perHost: 1 },
  );
  const away = all.fetch("/away");
  while (far.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals((await all.fetch("/here")).type, "done");
  release = true;
  assertEquals((await away).type, "done");
});

test("lets nobody wait for ever: two that want each other's host, or more than may wait", async (lane) => {
  let ready = 0;
  const both = async (server: FaultServer) => {
    ready++;
    await server.hold(() => ready >= 2);
  };
  await using far: FaultServer = FaultServer.start(async ({ path }, server) => {
    if (path !== "/back") return new Response("far");
    await both(server);
    return redirect(`${all.bench.server.url}/end`);
  });
  await using all: Watched = await start(lane, async ({ path }, server) => {
    if (path !== "/away") return new Response("near");
    await both(server);
    return redirect(`${far.url}/end`);
  }, { perHost: 1, patienceMs: 200 });
  const before = Date.now();
  const outcomes = await Promise.all([all.fetch("/away"), all.fetch(`${far.url}/back`)]);
  assert(outcomes.every(({ type }) => type === "done" || type === "deferred"), JSON.stringify(outcomes));
  for (const outcome of outcomes) assert(outcome.type !== "deferred" || outcome.notBefore > before);
  for (const { url } of [far, all.bench.server]) assertEquals(all.table.inUse(taskHost(url)), 0, url);
});

test("sends away who would wait for a place beside many others, or for a pace that is slow", async (lane) => {
  await using far = FaultServer.start(() => new Response("x"));
  const host = taskHost(far.url);
  {
    await using all = await start(lane, ({ path }) => redirect(far.url + path), { perHost: 20 });
    for (let i = 0; i < 20; i++) assertEquals(all.table.tryAcquire(host).type, "ok");
    const running = Array.from({ length: 12 }, (_, i) => all.fetch(`/${i}`));
    const early: TaskOutcome[] = [];
    for (const each of running) each.then((outcome) => early.push(outcome));
    await until("four to be sent away", () => early.length === 4);
    assertEquals(early.map(({ type }) => type), Array(4).fill("deferred"), JSON.stringify(early));
    for (let i = 0; i < 20; i++) all.table.release(host);
    const types = (await Promise.all(running)).map(({ type }) => type);
    assertEquals([types.filter((type) => type === "done").length, types.filter((type) => type === "deferred").length], [
      8,
      4,
    ]);
  }
  await using paced = await start(lane, ({ path }) => redirect(far.url + path), {
    perHostRate: 0.001,
    patienceMs: 2000,
  });
  assertEquals(paced.table.tryAcquire(host).type, "ok");
  const outcome = await paced.fetch("/p");
  assert(outcome.type === "deferred" && outcome.notBefore > Date.now() + 500_000, JSON.stringify(outcome));
});

Deno.test("HostVisits looks nothing up while there is neither a cap nor a host that cools", async () => {
  await using all = await start(true, ({ path }) => path === "/a" ? redirect("/b") : new Response("x"));
  let looked = 0;
  all.table.coolUntil = all.table.tryAcquire = () => {
    looked++;
    throw new Error("nobody should look");
  };
  assertEquals(all.bench.context.hosts!.watching, false);
  assertEquals((await all.fetch("/a")).type, "done");
  assertEquals(looked, 0);
});

test("counts further connections for one file where redirects lead", async (lane) => {
  for (const perHost of [1, 2]) {
    const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
    await using far = FaultServer.start((request, server) => paced(file.answer(request), server));
    await using all = await start(lane, () => redirect(`${far.url}/x`), { perHost });
    const { bench, table, fetch } = all;
    Object.assign(bench.context, { segments: 4, segmentBytes: 100_000, extraPlace: extraPlace(table, true) });
    const outcome = await fetch("/x", { out: "file", named: true });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals([bench.read(), far.maxOpen], [file.content(), perHost]);
    for (const { url } of [far, bench.server]) assertEquals(table.inUse(taskHost(url)), 0, url);
  }
});
