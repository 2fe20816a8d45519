/** Asking again for what is done: by `run`, by `get`, and by a program whose session gets lost. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openTaskList } from "../../app/open_task_list.ts";
import { Downloader } from "../../mod.ts";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, type FaultRequest, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** A server whose files have versions, and which knows `If-None-Match`. */
function startServer(versions: Record<string, string>): FaultServer {
  return FaultServer.start(({ path, headers }: FaultRequest) => {
    const version = versions[path] ?? "one";
    if (version === "gone") return new Response("", { status: 404 });
    const etag = `"${version}"`;
    if (headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
    return new Response(bytesFor(path + version, 3000), { headers: { etag } });
  });
}

shareCommandProcesses(2);

testClients("corehaul run --refresh asks again for what is done, and replaces what has changed", async (client) => {
  await using home = await TempDir.create();
  const versions: Record<string, string> = {};
  await using server = startServer(versions);
  const names = ["same", "changed", "gone", "deleted"];
  const urls = names.map((name) => `${server.url}/${name}`);
  assertCode((await runOnce(home, client, urls)).ended, 0);
  const inode = (await Deno.stat(home.join("files/same"))).ino;
  Object.assign(versions, { "/changed": "two", "/gone": "gone" });
  await Deno.remove(home.join("files/deleted"));
  // Without it nothing is asked.
  assertCode((await runOnce(home, client, urls)).ended, 0);
  assertEquals(server.requests.length, 4);
  const { ended, tasks } = await runOnce(home, client, [...urls, `${server.url}/new`], ["--refresh"]);
  assertCode(ended, 1);
  const asked = server.requests.slice(4).map(({ path, headers }) => [path, headers.get("if-none-match")]).sort();
  assertEquals(asked, [["/changed", '"one"'], ["/deleted", null], ["/gone", '"one"'], ["/new", null], [
    "/same",
    '"one"',
  ]]);
  const status = new Map(tasks.map(({ out, status }) => [out, status]));
  assertEquals([...names, "new"].map((name) => status.get(name)), ["done", "done", "failed", "done", "done"]);
  assertEquals((await Deno.stat(home.join("files/same"))).ino, inode);
  for (const [name, version] of [["changed", "two"], ["gone", "one"], ["deleted", "one"], ["new", "one"]]) {
    assertEquals(await Deno.readFile(home.join("files", name!)), bytesFor(`/${name}${version}`, 3000));
  }
  assertMatch(tasks.find(({ out }) => out === "gone")!.error!.message, /HTTP status 404; the file that is there stays/);
  assertMatch(ended.stderr, /4 tasks that are done are asked for again/);
  assertMatch(ended.stderr, /same has not changed/);
  assertMatch(ended.stderr, /Heave-ho, changed is hauled/);
  assertMatch(ended.stdout, /"type":"task_done".*"out":"same".*"unchanged":true/);
});

testClients("corehaul get --refresh asks again for the files that are there", async (client) => {
  await using home = await TempDir.create();
  const versions: Record<string, string> = {};
  await using server = startServer(versions);
  const args = ["get", `${server.url}/a`, `${server.url}/b`, "-d", "files", "--http-client", client];
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(server.requests.length, 2);
  versions["/b"] = "two";
  assertCode(await corehaul([...args, "--refresh"], { cwd: home.path }), 0);
  const asked = server.requests.slice(2).map(({ path, headers }) => [path, headers.get("if-none-match")]).sort();
  assertEquals(asked, [["/a", '"one"'], ["/b", '"one"']]);
  assertEquals(await Deno.readFile(home.join("files/b")), bytesFor("/btwo", 3000));
  // A file of somebody else is none of those.
  await Deno.writeTextFile(home.join("files/c"), "mine");
  const foreign = await corehaul(["get", `${server.url}/c`, "-d", "files", "--refresh"], { cwd: home.path });
  assertCode(foreign, 1);
  assertMatch(foreign.stderr, /a file that Corehaul did not write is there already/);
  assertEquals(await Deno.readTextFile(home.join("files/c")), "mine");
});

Deno.test("Downloader with refresh asks once in a run, though its session is lost in between", async () => {
  await using home = await TempDir.create();
  await using server = startServer({});
  const queue = `kv:${home.join("list.db")}`;
  const options = { queue, directory: home.join("files"), workers: 1, pin: false };
  {
    await using downloader = await Downloader.open(options);
    await downloader.add(["a", "b", "c"].map((name) => `${server.url}/${name}`));
    assertEquals((await downloader.run({ once: true })).counts.done, 3);
  }
  await using downloader = await Downloader.open({ ...options, refresh: true });
  const lost: unknown[] = [];
  const events = downloader.events();
  const reading = (async () => {
    for await (const event of events) if (event.type === "owner_lost") lost.push(event);
  })();
  const run = downloader.run();
  const settled = async (done: number) => (await downloader.counts()).done === done;
  await until("the tasks to be asked for again", async () => server.requests.length === 6 && await settled(3));
  await using list = await openTaskList(queue);
  await list.reclaim(() => false);
  await until("the session to be lost", () => lost.length === 1);
  await downloader.add([`${server.url}/late`]);
  await until("the next session to work", () => settled(4));
  await downloader.stop();
  await run;
  await events.return?.();
  await reading;
  assertEquals(server.requests.length, 7);
  assert(server.requests.slice(3, 6).every(({ headers }) => headers.get("if-none-match") === '"one"'));
});
