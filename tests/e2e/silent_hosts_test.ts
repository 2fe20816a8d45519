/** Hosts that take every connection and never answer, before a host that does. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { SilentListeners } from "../support/silent_listener.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

const GOOD = 500;
const EACH = 20;

function listOf(silent: SilentListeners, good: FaultServer): string {
  const urls = silent.urls.flatMap((url) => Array.from({ length: EACH }, (_, i) => `${url}/${i}`));
  return [...urls, ...Array.from({ length: GOOD }, (_, i) => `${good.url}/${i}`)].join("\n");
}

const RUN = ["run", "100", "--once", "--workers", "1", "--tasks", "tasks.txt", "--dir", "files", "--grace", "0"];
const QUEUE = ["--queue", "kv:queue.db"];

Deno.test("corehaul fetches all of a good host behind 50 silent ones while each of those was asked once", async () => {
  await using home = await TempDir.create();
  await using silent = SilentListeners.start(50);
  await using good = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  await home.write("tasks.txt", listOf(silent, good));
  await using run = await Corehaul.start([...RUN, ...QUEUE, "--concurrency", "80"], { cwd: home.path });
  // Nothing is given up: whoever waits for the silent ones never ends.
  await run.until("the good host was asked for all", () => good.requests.length === GOOD);
  await run.until("all were asked", () => silent.requests.every((count) => count > 0));
  assertEquals(new Set(silent.requests), new Set([1]));
  run.kill("SIGTERM");
  await run.ended();
});

Deno.test("corehaul asks 100 silent hosts and a good one behind them once each before it asks any silent one again", async () => {
  await using home = await TempDir.create();
  await using silent = SilentListeners.start(100);
  let before: number[] | undefined;
  await using good = FaultServer.start(({ path }) => {
    before ??= [...silent.requests];
    return new Response(bytesFor(path, 100));
  });
  await home.write("tasks.txt", listOf(silent, good));
  const args = [...RUN, ...QUEUE, "--stall-timeout", "1.5", "--retry-wait", "0.2", "--heartbeat", "0.1"];
  await using run = await Corehaul.start(args, { cwd: home.path });
  await run.until("the good host was asked for all", () => good.requests.length >= GOOD);
  assert(Math.max(...before!) <= 1, `${before}`);
  // Three quarters of 64 places, and one for each host.
  assert(silent.mostAtOnce <= 48, `${silent.mostAtOnce}`);
  assertEquals(Math.max(...silent.mostOpen), 1);
  const tell = async (...words: string[]) => (await corehaul([...words, ...QUEUE], { cwd: home.path })).stdout;
  await run.until("what is said of them", async () => (await tell("status")).includes("host silent since"));
  const [, host, since] = /^(127\.0\.0\.1:\d+): host silent since (\d{4}-\S+Z)$/m.exec(await tell("status"))!;
  assert(silent.urls.includes(`http://${host}`) && Date.parse(since!) < Date.now(), `${host} ${since}`);
  assertStringIncludes(await tell("why", `http://${host}/0`), `host silent since ${since}`);
  const [line] = (await tell("why", "--json", `http://${host}/0`)).split("\n");
  assertEquals(JSON.parse(line!).silentSince, Date.parse(since!));
  run.kill("SIGTERM");
  await run.ended();
});

Deno.test("corehaul fails the tasks of a host that never answers once it was asked as often as a task is", async () => {
  await using home = await TempDir.create();
  await using silent = SilentListeners.start(1);
  await home.write("tasks.txt", Array.from({ length: 300 }, (_, i) => `${silent.urls[0]}/${i}`).join("\n"));
  const args = [...RUN, ...QUEUE, "--json", "--stall-timeout", "0.3", "--retries", "2", "--retry-wait", "0.1"];
  const ended = await corehaul(args, { cwd: home.path });
  assertCode(ended, 1);
  assertEquals(silent.requests, [3]);
  const failed = jsonLines(ended.stdout).filter(({ type }) => type === "task_failed");
  assertEquals(failed.length, 300);
});
