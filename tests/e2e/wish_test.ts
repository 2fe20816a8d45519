/** The task file is what its user wants, also when it changes. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

Deno.test("corehaul run takes over what an edit of the task file says of tasks that wait", async () => {
  await using home = await TempDir.create();
  let open = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    if (path === "/first") await server.hold(() => open);
    return new Response("x");
  });
  const names = ["first", "a", "b", "c", "d"];
  const write = (more: Record<string, Record<string, unknown>>) =>
    home.write("tasks.json", JSON.stringify(names.map((name) => ({ url: `${server.url}/${name}`, ...more[name] }))));
  await write({});
  const args = ["run", "--tasks", "tasks.json", "--dir", "files", "--queue", "kv:queue.db", "--json"];
  await using run = await Corehaul.start([...args, "--concurrency", "1", "--workers", "1"], { cwd: home.path });
  await run.until("the first request", () => server.requests.length === 1);
  const waiting = async () =>
    JSON.parse((await corehaul(["status", "--json", "--queue", "kv:queue.db"], { cwd: home.path })).stdout).counts
      .waiting;
  await run.until("the others to wait", async () => await waiting() === 4);
  await write({ c: { priority: 7, headers: { "X-Key": "1" } }, a: { priority: -7 } });
  await run.until("the change", () => run.events("tasks_changed").length === 1);
  assertEquals(run.events("tasks_changed")[0]!.changed, 2);
  open = true;
  await run.until("all files", () => run.events("task_done").length === 5);
  const order = server.requests.map(({ path }) => path.slice(1));
  assertEquals([order[1], order.at(-1)], ["c", "a"]);
  assertEquals(server.requests[1]!.headers.get("x-key"), "1");
  assertMatch(run.stderr, /2 tasks changed, as their entries did/);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  // The file says the same at the next start: nothing has changed.
  const again = await corehaul([...args, "--once"], { cwd: home.path });
  assertCode(again, 0);
  assertEquals(again.stdout.includes("tasks_changed"), false);
  assertEquals(server.requests.length, 5);
});

Deno.test("corehaul reads task files that are packed with gzip", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("x"));
  const pack = async (text: string) =>
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  const options = { cwd: home.path };
  await Deno.writeFile(home.join("tasks.json.gz"), await pack(JSON.stringify([`${server.url}/a`, `${server.url}/b`])));
  assertCode(await corehaul(["run", "--once", "--tasks", "tasks.json.gz", "--dir", "files"], options), 0);
  await Deno.writeFile(home.join("more"), await pack(`${server.url}/c\n${server.url}/d\n`));
  assertCode(await corehaul(["get", "-i", "more", "-d", "files"], options), 0);
  assertEquals(server.requests.map(({ path }) => path).sort(), ["/a", "/b", "/c", "/d"]);
  const checked = await corehaul(["check", "more"], options);
  assertCode(checked, 0);
  assertMatch(checked.stdout, /more: 2 entries: 2 new/);
  await Deno.writeFile(home.join("torn.gz"), (await pack(`${server.url}/e\n`.repeat(1000))).subarray(0, 40));
  const torn = await corehaul(["run", "--once", "--tasks", "torn.gz", "--dir", "files"], options);
  assertCode(torn, 1);
  assertMatch(torn.stderr, /torn\.gz:1:1: .*packed with gzip, and damaged or not whole/);
});
