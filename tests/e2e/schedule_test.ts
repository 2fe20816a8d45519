/** Downloads run when they should, and at no other time. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { HandClock } from "../support/hand_clock.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

/** A time of the day, so many seconds from now, in UTC. */
function utc(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().slice(11, 19);
}

const UTC = { TZ: "UTC" };

shareCommandProcesses();

Deno.test("corehaul starts nothing before --start-at", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("a"));
  await using clock = await HandClock.create();
  const startAt = new Date(clock.now() + 3_600_000).toISOString();
  await using run = await Corehaul.start(
    ["get", `${server.url}/a`, "-d", "files", "--json", "--start-at", startAt],
    { cwd: home.path, ...clock },
  );
  await run.until("the wait", () => run.events("window_closed").length === 1);
  await run.until("a worker", () => run.events("proc_started").length > 0);
  assertEquals(server.requests, []);
  await clock.advance(3600);
  assertCode(await run.ended(), 0);
  const types = run.events().map(({ type }) => type);
  assertEquals(server.requests.length, 1);
  assertEquals(types.filter((type) => String(type).startsWith("window_")), ["window_closed", "window_opened"]);
  assert(types.indexOf("window_opened") < types.indexOf("task_done"));
});

Deno.test("corehaul stops outside of --window, and goes on at its byte in the next one", async () => {
  await using home = await TempDir.create();
  const content = bytesFor("large", 24_000_000);
  await Deno.mkdir(home.join("root"));
  await Deno.writeFile(home.join("root/large.bin"), content);
  await Deno.utime(home.join("root/large.bin"), 1_700_000_000, 1_700_000_000);
  await using server = await NginxServer.start(home.join("root"), { holdAfter: "4m" });
  await using clock = await HandClock.create();
  await home.write("tasks.txt", `${server.url}/large.bin\n`);
  const windows = ["--window", `${utc(-60)}-${utc(3600)}`, "--window", `${utc(7200)}-${utc(36_000)}`];
  await using run = await Corehaul.start(
    ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--json", "--grace", "0.5", ...windows],
    { cwd: home.path, wrapper: clock.wrapper, env: { ...clock.env, ...UTC } },
  );
  const begun = async () => ((await Deno.stat(home.join("files/large.bin.part")).catch(() => null))?.size ?? 0) > 2e6;
  await run.until("a part of it", begun);
  await clock.advance(5400);
  await run.until("the end of the window", () => run.events("window_closed").length === 1);
  await server.letGo();
  const status = async () => (await listedTasks("kv:.corehaul/queue.db", { cwd: home.path }))[0]?.status;
  await run.until("the task to be back on the list", async () => await status() === "waiting");
  assertEquals(run.events("window_opened"), []);
  await server.letGo();
  await clock.advance(5400);
  assertCode(await run.ended(), 0);
  assertEquals(await Deno.readFile(home.join("files/large.bin")), content);
  assertEquals((await server.requests()).map(({ status }) => status), [200, 206]);
  assertEquals(run.events("task_done").map(({ attempts }) => attempts), [1]);
});

Deno.test("corehaul fetches a file no earlier than its notBefore, and others meanwhile", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("a"));
  await using clock = await HandClock.create();
  const later = clock.now() + 3_600_000;
  await home.write(
    "tasks.json",
    JSON.stringify([{ url: `${server.url}/later`, notBefore: new Date(later).toISOString() }, `${server.url}/now`]),
  );
  await using run = await Corehaul.start(["run", "--once", "--tasks", "tasks.json", "-d", "files", "--json"], {
    ...{ cwd: home.path, ...clock },
  });
  await run.until("the other one", () => run.events("task_done").length === 1);
  await clock.advance(3600);
  assertCode(await run.ended(), 0);
  assertEquals(server.requests.map(({ path }) => path), ["/now", "/later"]);
});

Deno.test("corehaul add --start-at puts tasks on the list for later", async () => {
  await using home = await TempDir.create();
  const queue = ["--queue", "kv:queue.db"];
  const add = ["add", "http://127.0.0.1:1/a", "--start-at", "2126-12-24T22:00:00Z", ...queue];
  assertCode(await corehaul(add, { cwd: home.path }), 0);
  const [task] = await listedTasks("kv:queue.db", { cwd: home.path });
  assertEquals(task?.notBefore, Date.UTC(2126, 11, 24, 22));
});

Deno.test("corehaul outside of its window ends at SIGTERM", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("a"));
  const args = ["get", `${server.url}/a`, "-d", "files", "--json", "--window", `${utc(600)}-${utc(900)}`];
  await using run = await Corehaul.start(args, { cwd: home.path, env: UTC });
  await run.until("the news", () => run.events("window_closed").length === 1);
  await run.until("the worker", () => run.events("proc_started").length > 0);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 143);
  assertEquals(server.requests, []);
});

Deno.test("corehaul names a time or a window that is none", async () => {
  const options = { cwd: Deno.cwd() };
  const wrong = await corehaul(["get", "http://127.0.0.1:1/", "--start-at", "soon", "--window", "22-6"], options);
  assertCode(wrong, 2);
  assertMatch(wrong.stderr, /--start-at as it must be a time .*"soon"/);
  assertMatch(wrong.stderr, /--window as it must be two different times .*"22-6"/);
  await using home = await TempDir.create();
  await home.write("tasks.json", '[{ "url": "http://127.0.0.1:1/a", "notBefore": "tomorrow" }]');
  const args = ["run", "--once", "--tasks", "tasks.json", "--queue", "kv::memory:"];
  const refused = await corehaul(args, { cwd: home.path });
  assertCode(refused, 1);
  assertMatch(refused.stderr, /notBefore must be a time such as .*"tomorrow"/);
});
