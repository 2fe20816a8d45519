/** Several processes, each as a machine of its own, that share one list on Redis. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertDoneOnce, doneOf, Fleet, LOOKS_OFTEN, SHORT_LEASE } from "../support/fleet.ts";
import { until } from "../support/until.ts";

const MACHINES = [0, 1, 2, 3];

shareCommandProcesses();

Deno.test("corehaul run on four machines finishes one list together, each file exactly once", async () => {
  const count = 1200;
  await using fleet = await Fleet.create();
  // Nobody is served before all of them are there: whoever starts first must not have it all alone.
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => open);
    return new Response(bytesFor(path, 3000));
  });
  await fleet.add(Array.from({ length: count }, (_, i) => `${server.url}/${i}`));
  const runs = await Promise.all(MACHINES.map((index) => fleet.start(index, ["--concurrency", "16"])));
  for (const run of runs) await run.until("its workers", () => run.events("proc_started").length > 0);
  await until("downloads of each", async () => {
    const owners = JSON.parse((await fleet.command("status", "--json")).stdout).owners as { owner: string }[];
    return owners.length === MACHINES.length && server.open >= 16 * MACHINES.length;
  });
  open = true;
  const ends = await Promise.all(runs.map((run) => run.ended()));
  for (const ended of ends) assertCode(ended, 0);
  const done = ends.map(doneOf);
  assertEquals(done.reduce((sum, part) => sum + part), count, `${done}`);
  assert(done.every((part) => part > 0), `${done}`);
  assertDoneOnce(runs, count);
  assertEquals(server.requests.length, count, "and none is asked for twice");
  const places = await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, 3000));
  assertEquals([...places.values()].filter((machines) => machines > 1), []);
});

Deno.test("corehaul run goes on with the tasks of a machine that was killed", async () => {
  const count = 200;
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    if (Number(path.slice(1)) % 2 === 0) await server.hold(() => open);
    return new Response(bytesFor(path, 5000));
  });
  await fleet.add(Array.from({ length: count }, (_, i) => `${server.url}/${i}`));
  const args = ["--concurrency", "8", "--workers", "1", ...LOOKS_OFTEN];
  const runs = await Promise.all(MACHINES.map((index) => fleet.start(index, args)));
  await until("downloads of each", () => server.open >= 8 * MACHINES.length);
  const [doomed, ...others] = runs;
  doomed!.kill("SIGKILL");
  assertEquals((await doomed!.ended()).code, 137);
  open = true;
  for (const run of others) assertCode(await run.ended(), 0);
  assertDoneOnce(others);
  await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, 5000));
});

Deno.test("corehaul run that was frozen for longer than its lease settles nothing that is others' by then", async () => {
  const count = 40;
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => open);
    return new Response(bytesFor(path, 5000));
  });
  await fleet.add(Array.from({ length: count }, (_, i) => `${server.url}/${i}`));
  const args = ["--concurrency", "4", "--workers", "1"];
  const frozen = await fleet.start(0, [...args, ...SHORT_LEASE]);
  await frozen.until("its downloads", () => server.open === 4);
  frozen.kill("SIGSTOP");
  const others = await Promise.all([1, 2, 3].map((index) => fleet.start(index, [...args, ...LOOKS_OFTEN])));
  await until("the others' downloads", () => server.open === 16);
  // Its answers are there when it wakes up: it could settle at once what is not its own any more.
  open = true;
  const ends = await Promise.all(others.map((run) => run.ended()));
  for (const ended of ends) assertCode(ended, 0);
  assert(others.some((run) => run.events("tasks_reclaimed").length > 0), "its tasks went back");
  frozen.kill("SIGCONT");
  assertCode(await frozen.ended(), 0);
  assertEquals(frozen.events("owner_lost").length, 1);
  assertDoneOnce([frozen, ...others], count);
  await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, 5000));
});

Deno.test("corehaul pause, resume and cancel from anywhere reach the machine that runs a task", async () => {
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => open);
    return new Response(bytesFor(path, 1000));
  });
  await fleet.add(Array.from({ length: 12 }, (_, i) => `${server.url}/${i}`));
  const args = ["--concurrency", "2", "--workers", "1"];
  const runs = await Promise.all(MACHINES.map((index) => fleet.start(index, args)));
  await until("downloads", () => server.open === 8);
  assertMatch((await fleet.command("pause", "--all")).stdout, /^12 tasks paused/);
  await until("their end", () => runs.flatMap((run) => run.events("task_paused")).length === 8);
  const [first] = await fleet.tasks();
  assertCode(await fleet.command("cancel", first!.id), 0);
  // Nothing waits and nothing runs: to these runs that is the end.
  for (const run of runs) assertCode(await run.ended(), 0);
  open = true;
  assertMatch((await fleet.command("resume", "--all")).stdout, /^11 tasks resumed/);
  const last = await fleet.start(4);
  assertCode(await last.ended(), 0);
  assertEquals((await fleet.tasks()).filter(({ status }) => status === "done").length, 11);
});

Deno.test("corehaul status tells from anywhere who works on the list, how fast, and with what success", async () => {
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    if (path === "/404") return new Response(null, { status: 404 });
    if (path !== "/0") await server.hold(() => open);
    return new Response(bytesFor(path, 2_000_000));
  });
  await fleet.add(["0", "1", "2", "3", "404"].map((path) => `${server.url}/${path}`));
  const run = await fleet.start(0, ["--workers", "1", "--lease", "20", "--heartbeat", "1"]);
  const owner = async () => JSON.parse((await fleet.command("status", "--json")).stdout).owners[0];
  const vitals = async () => (await owner())?.vitals;
  await until("what it says of itself", async () => {
    const { done, failed, active, bytes } = await vitals() ?? {};
    return done === 1 && failed === 1 && active === 3 && bytes === 2_000_000;
  });
  assertEquals((await owner()).leaseMs, 20_000);
  const { stdout } = await fleet.command("status");
  assertMatch(stdout, /^running +3$/m);
  assertMatch(
    stdout,
    /^alive on \S+, pid \d+, cores [\d,]+: load \d+ %, 3 running at [\d.]+ \S+\/s, 1 done, 1 failed$/m,
  );
  const second = await fleet.start(1, ["--workers", "1"]);
  await until("both", async () => /^2 processes on 1 machine: /m.test((await fleet.command("status")).stdout));
  open = true;
  assertCode(await run.ended(), 1);
  assertCode(await second.ended(), 1);
});
