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
