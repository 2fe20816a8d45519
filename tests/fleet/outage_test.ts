/** A list on Redis whose server restarts, goes away, is full or refuses. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertDoneOnce, Fleet, SHORT_LEASE } from "../support/fleet.ts";
import { freePort } from "../support/nginx_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** Longer than a short lease, so that nobody is alive any more for the list. */
const GONE_MS = 5000;

shareCommandProcesses();

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  Deno.test(`corehaul run loses and doubles nothing when Redis restarts under it, by ${signal}`, async () => {
    const count = 600;
    await using fleet = await Fleet.create();
    await using server = FaultServer.start(async ({ path }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return new Response(bytesFor(path, 2000));
    });
    await fleet.add(Array.from({ length: count }, (_, i) => `${server.url}/${i}`));
    const runs = await Promise.all([0, 1, 2, 3].map((index) => fleet.start(index, ["--concurrency", "8"])));
    for (const share of [0.2, 0.5, 0.8]) {
      await until("some downloads", () => server.requests.length > count * share);
      await fleet.redis.down(signal);
      await fleet.redis.up();
    }
    for (const run of runs) assertCode(await run.ended(), 0);
    assertDoneOnce(runs, count);
    assertEquals(server.requests.length, count, "nothing is fetched twice");
    await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, 2000));
  });
}

Deno.test("corehaul run goes on with what it has while Redis is gone for long, and settles it then", async () => {
  await using fleet = await Fleet.create();
  await using server = FaultServer.start(({ path }, server) =>
    server.trickle(bytesFor(path, 300_000), Number(path.slice(1)) < 8 ? 60 : 1, 50)
  );
  await fleet.add(Array.from({ length: 40 }, (_, i) => `${server.url}/${i}`));
  const args = ["--concurrency", "4", "--workers", "1", ...SHORT_LEASE];
  const runs = await Promise.all([0, 1].map((index) => fleet.start(index, args)));
  await until("downloads", () => server.open === 8);
  await fleet.redis.down("SIGKILL");
  await until("news of it", () => runs.every((run) => run.events("list_silent").length === 1));
  await until("the ends of the downloads", () => server.open === 0);
  // What happens in this time is the point.
  await new Promise((resolve) => setTimeout(resolve, GONE_MS));
  await fleet.redis.up();
  for (const run of runs) assertCode(await run.ended(), 0);
  for (const run of runs) assertEquals(run.events("list_back").length, 1);
  assertDoneOnce(runs);
  await fleet.assertAllThere(40, (url) => bytesFor(url.pathname, 300_000));
});

Deno.test("corehaul run ends soon when it is stopped while Redis is gone, and says so", async () => {
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    if (path === "/1") await server.hold(() => open);
    return new Response(bytesFor(path, 1000));
  });
  await fleet.add([`${server.url}/0`, `${server.url}/1`]);
  const run = await fleet.start(0, ["--grace", "1"]);
  await run.until("the first file", () => run.events("task_done").length === 1);
  await fleet.redis.down();
  await run.until("news of it", () => run.events("list_silent").length > 0);
  run.kill("SIGTERM");
  const ended = await run.ended();
  assertCode(ended, 3);
  assertMatch(ended.stderr, /Cannot use the task list redis:\/\/127\.0\.0\.1:\d+\/0: /);
  await fleet.redis.up();
  open = true;
  assertCode(await (await fleet.start(0)).ended(), 0);
  await fleet.assertAllThere(2, (url) => bytesFor(url.pathname, 1000));
});

Deno.test("corehaul says without any password that Redis does not answer, or waits for it", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const port = freePort();
  const ended = await corehaul(
    ["list", "--queue", `redis://me:secret@127.0.0.1:${port}/0`, "--queue-timeout", "0.2"],
    options,
  );
  assertCode(ended, 3);
  assertMatch(ended.stderr, new RegExp(`Cannot use the task list redis://127\\.0\\.0\\.1:${port}/0: .*ECONNREFUSED`));
  assert(!ended.stderr.includes("secret"));

  await using redis = await RedisServer.start();
  await redis.down();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  await home.write("tasks.txt", `${server.url}/1\n`);
  await using run = await Corehaul.start(
    ["run", "--once", "--tasks", "tasks.txt", "--queue", redis.url(), "--wait-queue", "--queue-timeout", "0"],
    options,
  );
  await run.until("its patience", () => run.stderr.includes("The task list does not answer"));
  await redis.up();
  assertCode(await run.ended(), 0);
});

Deno.test("corehaul names what is wrong with a Redis: memory, replica, password, user, cluster", async () => {
  await using redis = await RedisServer.start();
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  let urls = 0;
  const add = (login = "") =>
    corehaul(
      ["add", `http://127.0.0.1:1/${urls++}`, "--queue", redis.url(0, login), "--queue-timeout", "0.2"],
      options,
    );
  const says = async (words: RegExp, login?: string) => {
    const ended = await add(login);
    assertCode(ended, 3);
    assertMatch(ended.stderr, words);
    assert(!ended.stderr.includes("secret"), ended.stderr);
  };
  assertCode(await add(), 0);
  await redis.ask("config", "set", "maxmemory", "1");
  await says(/the server is out of memory/);
  await redis.ask("config", "set", "maxmemory", "0");
  await redis.ask("replicaof", "127.0.0.1", "1");
  await says(/the server is a read-only replica|MASTERDOWN/);
  await redis.ask("replicaof", "no", "one");
  await redis.ask("config", "set", "requirepass", "right secret");
  await says(/the user or the password is wrong/);
  await says(/the user or the password is wrong/, ":wrong%20secret@");
  assertCode(await add(":right%20secret@"), 0);
  await redis.ask("-a", "right secret", "acl", "setuser", "reader", "on", ">secret", "~*", "+@read");
  await says(/the user may not do that/, "reader:secret@");
  assertCode(await corehaul(["list", "--queue", "redis://host/one"], options), 2);
});
