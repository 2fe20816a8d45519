/** A Redis that may drop tasks, or has dropped some. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const LOST = /The task list counts 2 tasks that its Redis does not have any more: .*noeviction/;

shareCommandProcesses();

Deno.test("corehaul says that its Redis has dropped tasks, and ends with 3 under --once", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  await using redis = await RedisServer.start();
  const queue = ["--queue", redis.url()];
  const options = { cwd: home.path };
  assertCode(await corehaul(["add", `${server.url}/a`, `${server.url}/b`, ...queue], options), 0);
  for (const key of (await redis.ask("keys", "*:b:*")).split("\n")) await redis.ask("del", key);
  const once = await corehaul(["run", "--once", "--dir", "files", ...queue], options);
  assertCode(once, 3);
  assertMatch(once.stderr, LOST);
  await using run = await Corehaul.start(["run", "--dir", "files", "--json", ...queue], options);
  await run.until("the news", () => run.events("tasks_lost").length === 1);
  await run.until("the line", () => LOST.test(run.stderr));
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(server.requests, []);
});

Deno.test("corehaul says that its Redis has forgotten the list while it ran, and ends with 3 under --once", async () => {
  const quick = ["--lease", "1", "--heartbeat", "0.2", "--grace", "0", "--json"];
  const text = /The task list has lost tasks: its Redis has forgotten the list, or the end of it/;
  await using home = await TempDir.create();
  let held = Promise.withResolvers<void>();
  await using server = FaultServer.start(async ({ path }) => {
    if (path.startsWith("/late")) await held.promise;
    return new Response(path);
  });
  await using redis = await RedisServer.start();
  const options = { cwd: home.path };
  const names = [...Array.from({ length: 20 }, (_, i) => `f${i}`), ...Array.from({ length: 40 }, (_, i) => `late${i}`)];
  await home.write("list.txt", names.map((name) => `${server.url}/${name}\n`).join(""));
  const run = ["run", "--tasks", "list.txt", "--dir", "files", "--queue", redis.url(), ...quick];
  {
    await using once = await Corehaul.start([...run, "--once"], options);
    await once.until("some files", () => once.events("task_done").length === 20);
    await redis.ask("flushall");
    held.resolve();
    const ended = await once.ended();
    assertCode(ended, 3);
    assertMatch(ended.stderr, text);
  }
  held = Promise.withResolvers<void>();
  await Deno.remove(home.join("files"), { recursive: true });
  await using on = await Corehaul.start(run, options);
  await on.until("some files", () => on.events("task_done").length === 20);
  // Others may have begun it anew, with as many tasks, before anybody looks.
  await redis.ask("flushall");
  const urls = names.map((name) => `http://127.0.0.1:1/${name}`);
  assertCode(await corehaul(["add", ...urls, "--queue", redis.url()], options), 0);
  assertCode(await corehaul(["cancel", "--all", "--queue", redis.url()], options), 0);
  held.resolve();
  await on.until("the news", () => on.events("tasks_lost").length === 1);
  await on.until("the line", () => text.test(on.stderr));
  on.kill("SIGTERM");
  assertCode(await on.ended(), 0);
});

Deno.test("corehaul run --once waits for no task of which Redis has lost the record while it ran", async () => {
  await using home = await TempDir.create();
  const held = Promise.withResolvers<void>();
  await using server = FaultServer.start(async ({ path }) => {
    await held.promise;
    return new Response(path);
  });
  await using redis = await RedisServer.start();
  await home.write("list.txt", `${server.url}/a\n${server.url}/b\n`);
  const args = [
    "run",
    "--once",
    "--tasks",
    "list.txt",
    "--dir",
    "files",
    "--queue",
    redis.url(),
    "--fleet-per-host",
    "2",
    "--per-host",
    "0",
  ];
  await using run = await Corehaul.start(args, { cwd: home.path });
  await run.until("two requests", () => server.requests.length === 2);
  for (const key of (await redis.ask("keys", "*:b:*")).split("\n")) await redis.ask("del", key);
  held.resolve();
  const ended = await run.ended();
  assertCode(ended, 3);
  assertMatch(ended.stderr, LOST);
});

Deno.test("corehaul warns of a Redis that may drop tasks when it opens the list, and so does doctor", async () => {
  await using home = await TempDir.create();
  await using redis = await RedisServer.start({ more: ["maxmemory-policy allkeys-lfu"] });
  const options = { cwd: home.path };
  const text =
    "the Redis of the task list may drop tasks when its memory is full: its maxmemory-policy is allkeys-lfu and must " +
    "be noeviction";
  for (const command of [["status"], ["run", "--once", "--dir", "files"], ["add", "http://h.example/a"]]) {
    const ended = await corehaul([...command, "--queue", redis.url()], options);
    assertCode(ended, 0);
    assertEquals(ended.stderr.split("\n").filter((line) => line === `warning: ${text}`).length, 1, ended.stderr);
  }
  const doctor = await corehaul(["doctor", "--queue", redis.url()], options);
  assertCode(doctor, 1);
  assertEquals(doctor.stdout.includes(`BAD eviction  ${text}\n`), true, doctor.stdout);
  await redis.ask("config", "set", "maxmemory-policy", "noeviction");
  const well = await corehaul(["doctor", "--queue", redis.url()], options);
  assertMatch(well.stdout, /^ok {2}eviction /m);
});
