/** Every request to a host is counted by `--per-host-rate`: redirects within it, and whatever is asked once more. */
import { assert, assertEquals } from "@std/assert";
import { HostTable } from "../../download/host_table.ts";
import { HostVisits } from "../../download/host_visits.ts";
import { procDownloadCore } from "../../download/proc_download_core.ts";
import { taskHost, type TaskOutcome } from "../../queue/task_model.ts";
import type { FaultHandler } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";
import { RawServer, reply } from "./raw_server.ts";

/** A clock that stands still until the test moves it on. */
class StillClock {
  ms = 1_700_000_000_000;
  now(): number {
    return this.ms;
  }
}

interface Rated extends AsyncDisposable {
  bench: DownloadBench;
  /** Runs a task from a place at its host, and moves the clock on whenever nothing comes; gives the times of the requests. */
  run(url: string, requests: () => number): Promise<{ outcome: TaskOutcome; gaps: number[] }>;
}

async function start(lane: boolean, handler: FaultHandler): Promise<Rated> {
  const bench = await DownloadBench.start(handler, { lane });
  const clock = new StillClock();
  const table = HostTable.create({ perHostRate: 1 }, clock);
  bench.context.hosts = new HostVisits(table, true);
  let claims = 0;
  const run: Rated["run"] = async (url, requests) => {
    const place = { host: taskHost(url) };
    clock.ms += 10_000;
    assertEquals(table.tryAcquire(place.host).type, "ok");
    const fence = `f${++claims}`;
    const task = { id: "t1", url, out: "file", named: true, seq: 1, attempts: 0, core: 0, fence };
    let outcome: TaskOutcome | undefined;
    const running = procDownloadCore(task, bench.context, place).then((end) => outcome = end);
    const gaps: number[] = [];
    const before = requests();
    let last = clock.ms;
    while (outcome === undefined) {
      // Whoever waits looks at the clock before it is moved on again.
      for (let i = 0; i < 5 && outcome === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      for (; gaps.length < requests() - before; last = clock.ms) gaps.push(clock.ms - last);
      if (outcome === undefined) clock.ms += 100;
    }
    for (; gaps.length < requests() - before; last = clock.ms) gaps.push(clock.ms - last);
    table.release(place.host);
    await running;
    return { outcome, gaps: gaps.slice(1) };
  };
  return { bench, run, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function assertPaced(gaps: readonly number[], count: number): void {
  assertEquals(gaps.length, count - 1, gaps.join());
  // A tenth of a second is what idle time is worth.
  assert(gaps.every((gap) => gap >= 900), gaps.join());
}

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`HostVisits ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

test("counts redirects within a host", async (lane) => {
  const chain: FaultHandler = ({ path }) => {
    const left = Number(path.slice(1));
    return left === 0
      ? new Response("end")
      : new Response(null, { status: 302, headers: { location: `/${left - 1}` } });
  };
  await using all = await start(lane, chain);
  const { server } = all.bench;
  const { outcome, gaps } = await all.run(`${server.url}/3`, () => server.requests.length);
  assertEquals(outcome.type, "done");
  assertPaced(gaps, 4);
});

test("counts the requests of a file that cannot be gone on with, and is asked for from its beginning", async (lane) => {
  let lies = false;
  const remote = new RemoteFile({ lie: (headers) => lies && headers.set("content-range", "bytes 1-2/3") });
  await using all = await start(lane, (request) => remote.answer(request));
  const { server } = all.bench;
  remote.breaks.push(2_000_000);
  assertEquals((await all.run(`${server.url}/x`, () => server.requests.length)).outcome.type, "retry");
  lies = true;
  const { outcome, gaps } = await all.run(`${server.url}/x`, () => server.requests.length);
  assertEquals(outcome.type, "done");
  assertPaced(gaps, 2);
});

Deno.test("HostVisits counts the request that is made again as a kept connection died", async () => {
  let requests = 0;
  await using server = new RawServer(async (connection) => {
    for (; await connection.request() !== undefined;) {
      // Of each connection the second request gets no answer.
      if (++requests === 2) return;
      await connection.send(requests === 1 ? reply("", "302 Found", "Location: /end") : reply("end"));
    }
  });
  await using all = await start(true, () => new Response());
  const { outcome, gaps } = await all.run(server.url("/start").href, () => requests);
  assertEquals(outcome.type, "done");
  assertPaced(gaps, 3);
});
