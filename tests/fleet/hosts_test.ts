/** What machines that share a list on Redis tell each other of the hosts, and hosts that all of them spare together. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { Fleet } from "../support/fleet.ts";
import { SilentListeners } from "../support/silent_listener.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

shareCommandProcesses();

Deno.test("corehaul run leaves a host alone that told another machine to wait", async () => {
  await using fleet = await Fleet.create();
  await using server = FaultServer.start(({ path, nth }) => {
    if (path === "/first" && nth === 1) return new Response(null, { status: 429, headers: { "Retry-After": "6" } });
    return new Response(bytesFor(path, 100));
  });
  // Both are at work, and neither ends while there is one task that waits.
  const far = new Date(Date.now() + 3_600_000).toISOString();
  await fleet.command("add", "http://127.0.0.1:1/later", "--start-at", far);
  const [one, two] = [await fleet.start(0), await fleet.start(1)];
  for (const run of [one, two]) await run.until("its workers", () => run.events("proc_started").length > 0);
  await fleet.add([`${server.url}/first`]);
  // The message to the others leaves together with this record: it has come to them before any task that is added now.
  await until("the news", async () => Number(await fleet.redis.ask("zcard", "corehaul:{default}:cool")) === 1);
  await fleet.add(Array.from({ length: 200 }, (_, i) => `${server.url}/${i}`));
  await until("all others", () => server.requests.length === 202);
  const [first, ...others] = server.requests;
  // Whoever asks earlier has not heard of it.
  const early = others.filter(({ at }) => at - first!.at <= 5950);
  assertEquals(early.map(({ path }) => path), []);
  for (const run of [one, two]) run.kill("SIGTERM");
  for (const run of [one, two]) assertCode(await run.ended(), 143);
});

Deno.test("corehaul run fetches from a good host behind silent ones, which each machine asks once and tells the others of", async () => {
  await using fleet = await Fleet.create();
  await using silent = SilentListeners.start(20);
  await using good = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  await fleet.add([
    ...silent.urls.flatMap((url) => Array.from({ length: 20 }, (_, i) => `${url}/${i}`)),
    ...Array.from({ length: 200 }, (_, i) => `${good.url}/${i}`),
  ]);
  const args = ["--per-host", "auto", "--workers", "1", "--stall-timeout", "2", "--retry-wait", "600", "--grace", "0"];
  const runs = await Promise.all([0, 1].map((index) => fleet.start(index, args)));
  await until("all of the good host", () => good.requests.length === 200);
  assert(Math.max(...silent.requests) <= 2, `${silent.requests}`);
  await until("the news", async () => Number(await fleet.redis.ask("zcard", "corehaul:{default}:cool")) === 20);
  const asked = [...silent.requests];
  // Whoever comes later has heard of it.
  runs.push(await fleet.start(2, args));
  await fleet.add(Array.from({ length: 50 }, (_, i) => `${good.url}/more/${i}`));
  await until("the rest of the good host", () => good.requests.length === 250);
  assertEquals(silent.requests, asked);
  for (const run of runs) run.kill("SIGTERM");
  for (const run of runs) assertCode(await run.ended(), 143);
});

Deno.test("corehaul run --fleet-per-host asks a host for no more files at a time, on all machines together", async () => {
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => open);
    return new Response(bytesFor(path, 100));
  });
  await using other = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  await fleet.add([
    ...Array.from({ length: 60 }, (_, i) => `${server.url}/a${i}`),
    ...Array.from({ length: 60 }, (_, i) => `${other.url}/b${i}`),
  ]);
  const runs = await Promise.all([0, 1, 2].map((index) => fleet.start(index, ["--fleet-per-host", "4"])));
  for (const run of runs) await run.until("its workers", () => run.events("proc_started").length > 0);
  await until("as many as may", () => server.open === 4);
  // The other host has all of its files long before the first one opens.
  await until("the other host's files", () => other.requests.length === 60);
  assertEquals(server.requests.length, 4);
  open = true;
  for (const run of runs) assertCode(await run.ended(), 0);
  assertEquals([server.maxOpen, server.requests.length], [4, 60]);
  assert(other.maxOpen <= 4, `${other.maxOpen}`);
});

Deno.test("corehaul get has a list of its own, whatever the variables for the shared one say", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  const env = {
    CFG_QUEUE: "rediss://127.0.0.1:1/0",
    CFG_QUEUE_CA: "none.pem",
    CFG_FLEET_PER_HOST: "3",
    CFG_SHARD: "1/999999",
    CFG_WAIT_QUEUE: "true",
  };
  assertCode(await corehaul(["get", `${server.url}/1`, `${server.url}/2`], { cwd: home.path, env }), 0);
  assertEquals(server.requests.length, 2);
});

Deno.test("corehaul run refuses what only a list on Redis can do", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const ended = await corehaul(["run", "--once", "--fleet-per-host", "4", "--queue-ca", "ca.pem"], options);
  assertCode(ended, 2);
  assertMatch(ended.stderr, /Cannot use --fleet-per-host as the list must be on Redis.*current value is 4/);
  assertMatch(ended.stderr, /Cannot use --queue-ca as it must be for a list at rediss:\/\/: current value is "ca.pem"/);
  assertEquals(await home.names(), []);
});
