/** Every control verb, from another process: on tasks that run, and on a system that is stopped. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, type Ended, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const LARGE = 12_000_000;
/** Enough of a large file that what is left of it is worth going on with. */
const SEEN = 1_500_000;

/** A list of large files, none of which comes to its end before `free`, and a process at work on it. */
async function atWork(home: TempDir, names: readonly string[]) {
  let flows = true;
  const files = new Map(names.map((name) => [`/${name}`, new RemoteFile({ length: LARGE })]));
  for (const [path, file] of files) file.version = path.slice(1);
  const server = FaultServer.start(async (request, server) => {
    const answer = files.get(request.path)!.answer(request);
    const { status, headers } = answer;
    return server.flow(await answer.bytes(), 2 * SEEN, () => !flows, { status, headers });
  });
  await home.write("tasks.json", JSON.stringify(names.map((name) => ({ id: name, url: `${server.url}/${name}` }))));
  const args = ["run", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--json", "--cpu-threshold", "100"];
  const run = await Corehaul.start(args, { cwd: home.path });
  for (const name of names) {
    await run.until(`a part of ${name}`, async () => await sizeOf(home.join(`files/${name}.part`)) > SEEN);
  }
  return { server, run, free: () => flows = false };
}

/** Where the requests for a file began: undefined is all of it. */
function beginnings(server: FaultServer, name: string): (number | undefined)[] {
  return server.requests.filter(({ path }) => path === `/${name}`).map(({ headers }) => {
    const from = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1];
    return from === undefined ? undefined : Number(from);
  });
}

function assertWentOn(server: FaultServer, name: string, atMost: number): void {
  const [first, second, ...others] = beginnings(server, name);
  assertEquals([first, others], [undefined, []]);
  assert(second! > 0 && second! <= atMost, `${name} went on at ${second}`);
}

async function sizeOf(path: string): Promise<number> {
  return (await Deno.stat(path).catch(() => undefined))?.size ?? 0;
}

async function control(home: TempDir, ...args: string[]): Promise<Ended> {
  return await corehaul([...args, "--queue", QUEUE], { cwd: home.path });
}

async function states(home: TempDir): Promise<Record<string, string>> {
  return Object.fromEntries((await listedTasks(QUEUE, { cwd: home.path })).map(({ id, status }) => [id, status]));
}

shareCommandProcesses();

Deno.test("corehaul pause stops a running download in another process, and resume goes on at its byte", async () => {
  await using home = await TempDir.create();
  const { server, run, free } = await atWork(home, ["a.bin", "b.bin"]);
  await using _server = server;
  await using _run = run;
  const paused = await control(home, "pause", "a.bin");
  assertCode(paused, 0);
  assertEquals(paused.stdout, "1 task paused\n");
  // Both still flow: nothing else than the order ends one of them.
  await run.until("the news", () => run.events("task_paused").length === 1);
  assertEquals(run.events("task_paused")[0]!.id, "a.bin");
  await run.until("the end of its connection", () => server.open === 1);
  free();
  await run.until("the other file", () => run.events("task_done").length === 1);
  assertEquals(run.events("task_done")[0]!.id, "b.bin");
  // What had come when the connection ended may have been written a moment later.
  const left = await sizeOf(home.join("files/a.bin.part"));
  assertEquals(await states(home), { "a.bin": "paused", "b.bin": "done" });
  assertEquals(await sizeOf(home.join("files/a.bin.part")), left);
  assertCode(await control(home, "resume", "--where", "status=paused"), 0);
  await run.until("the file", () => run.events("task_done").length === 2);
  assertEquals(await Deno.readFile(home.join("files/a.bin")), bytesFor("a.bin", LARGE));
  assertWentOn(server, "a.bin", left);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(await filesIn(home.join("files")), ["a.bin", "b.bin"]);
});

Deno.test("corehaul cancel and remove end running downloads in another process, and nothing of them is settled", async () => {
  await using home = await TempDir.create();
  const { server, run, free } = await atWork(home, ["a.bin", "b.bin", "c.bin"]);
  await using _server = server;
  await using _run = run;
  assertEquals((await control(home, "cancel", "a.bin")).stdout, "1 task canceled\n");
  assertEquals((await control(home, "remove", "--where", "out=b.*")).stdout, "1 task removed\n");
  await run.until("the news", () => run.events("task_canceled").length + run.events("task_removed").length === 2);
  await run.until("the end of their connections", () => server.open === 1);
  free();
  await run.until("the third file", () => run.events("task_done").length === 1);
  assertEquals(await states(home), { "a.bin": "canceled", "c.bin": "done" });
  assertEquals(run.events("task_failed"), []);
  // What was canceled can be wanted again, and goes on where it was.
  assertCode(await control(home, "retry", "a.bin"), 0);
  await run.until("the first file", () => run.events("task_done").length === 2);
  assertEquals(await Deno.readFile(home.join("files/a.bin")), bytesFor("a.bin", LARGE));
  assertWentOn(server, "a.bin", LARGE);
});

Deno.test("corehaul cancel and remove say how much of a file stays, with --drop-part nothing does, and clean spares what can go on", async () => {
  await using home = await TempDir.create();
  const { server, run } = await atWork(home, ["a.bin", "b.bin", "c.bin"]);
  await using _server = server;
  await using _run = run;
  const canceled = await control(home, "cancel", "a.bin", "--dir", "files");
  assertMatch(canceled.stdout, /^1 task canceled; 1 unfinished file of \d+(\.\d+)? MiB stays in files\n$/);
  const dropped = await control(home, "cancel", "b.bin", "--drop-part", "--dir", "files", "--json");
  assertCode(dropped, 0);
  const [{ touched, left, dropped: { files, bytes } }] = jsonLines(dropped.stdout) as [
    { touched: number; left: unknown; dropped: { files: number; bytes: number } },
  ];
  assertEquals([touched, left, files], [1, { files: 0, bytes: 0 }, 1]);
  assert(bytes > SEEN, `${bytes}`);
  // Without the folder at hand, whoever runs the task removes it.
  assertEquals((await control(home, "remove", "c.bin", "--drop-part")).stdout, "1 task removed\n");
  await run.until("the removal", async () => (await filesIn(home.join("files"))).length === 2);
  assertEquals(await filesIn(home.join("files")), ["a.bin.part", "a.bin.part-info"]);
  const wrong = await control(home, "cancel", "--all", "--dir", "nowhere");
  assertCode(wrong, 2);
  assertMatch(wrong.stderr, /Cannot use --dir as it must be the download folder: current value is "nowhere"/);

  const old = new Date(Date.now() - 50 * 60 * 60 * 1000);
  await home.write("files/x.bin.part", "12345");
  await Deno.utime(home.join("files/x.bin.part"), old, old);
  const clean = async (...more: string[]) => (await control(home, "clean", "--dir", "files", ...more)).stdout;
  assertEquals(
    await clean(),
    "files/x.bin.part  5 B, 2 days old\n1 unfinished file of 5 B to remove with --yes; kept: 1 can be continued\n",
  );
  const [part, sum] = jsonLines(await clean("--yes", "--json"));
  const { path, removed, writtenAt } = part!;
  assertEquals([path, removed, writtenAt], ["x.bin.part", true, old.getTime()]);
  assertEquals([sum!.files, sum!.bytes, sum!.removed], [1, 5, true]);
  assertEquals(await clean("--yes"), "0 unfinished files removed; kept: 1 can be continued\n");
  assertEquals(await filesIn(home.join("files")), ["a.bin.part", "a.bin.part-info"]);
  const elsewhere = await corehaul(["clean", "--yes"], { cwd: home.path });
  assertCode(elsewhere, 2);
  assertMatch(elsewhere.stderr, /Cannot use --dir as it must be a download folder, with \.corehaul in it/);
});

Deno.test("corehaul priority decides what a running system takes next", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(async ({ path }, server) => {
    if (path === "/first") await server.hold(() => open);
    return new Response("x");
  });
  let open = false;
  const names = ["first", ...Array.from({ length: 6 }, (_, i) => `n${i}`)];
  await home.write("tasks.json", JSON.stringify(names.map((id) => ({ id, url: `${server.url}/${id}` }))));
  const args = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--json"];
  await using run = await Corehaul.start([...args, "--concurrency", "1", "--workers", "1"], { cwd: home.path });
  await run.until("the first request", () => server.requests.length === 1);
  await run.until("the list", () => run.events("tasks_added").length === 1);
  // What was claimed ahead of its time goes back soon; then the list alone decides.
  await run.until(
    "the rest to wait",
    async () => Object.values(await states(home)).filter((s) => s === "waiting").length >= 5,
  );
  assertEquals(
    (await control(home, "priority", "-5", "--where", "out=n0")).stdout,
    "1 task moved to another priority\n",
  );
  assertEquals((await control(home, "priority", "9", "n5", "first")).stdout, "2 tasks moved to another priority\n");
  open = true;
  assertCode(await run.ended(), 0);
  const order = server.requests.map(({ path }) => path.slice(1));
  assertEquals([order.at(0), order.at(-1)], ["first", "n0"]);
  assert(order.indexOf("n5") <= 2, `${order}`);
});

Deno.test("corehaul priority takes a negative number, and then every task that is named", async () => {
  await using home = await TempDir.create();
  assertCode(await control(home, "add", ...["a", "b", "c"].map((name) => `http://127.0.0.1:1/${name}`)), 0);
  assertEquals((await control(home, "priority", "-5", "t1")).stdout, "1 task moved to another priority\n");
  assertEquals((await control(home, "priority", "-7", "t2", "t3")).stdout, "2 tasks moved to another priority\n");
  const tasks = jsonLines((await control(home, "list", "--json")).stdout);
  assertEquals(tasks.map(({ id, priority }) => [id, priority]), [["t1", -5], ["t2", -7], ["t3", -7]]);
});

Deno.test("corehaul run --once ends when all that is left is paused or canceled", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(async (_request, server) => {
    await server.hold(() => false);
    return new Response("x");
  });
  await home.write("tasks.txt", ["a", "b", "c", "d"].map((name) => `${server.url}/${name}\n`).join(""));
  const args = ["run", "100", "--once", "--tasks", "tasks.txt", "--dir", "files", "--queue", QUEUE, "--json"];
  await using run = await Corehaul.start([...args, "--per-host", "0"], { cwd: home.path });
  await run.until("the requests", () => server.requests.length === 4);
  assertCode(await control(home, "cancel", "t1"), 0);
  assertEquals((await control(home, "pause", "--all")).stdout, "3 tasks paused\n");
  assertCode(await run.ended(), 0);
  const summary = run.events("summary")[0] as { counts: Record<string, number>; end: string };
  assertEquals([summary.end, summary.counts.paused, summary.counts.canceled], ["settled", 3, 1]);
});

Deno.test("corehaul control verbs work on a stopped system, by id, by filter and for all", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path.startsWith("/bad") ? new Response("", { status: path === "/bad503" ? 503 : 404 }) : new Response("x")
  );
  const names = ["bad404", "bad503", "good", "later"];
  const entries = names.map((id) => ({ id, url: `${server.url}/${id}`, out: id === "later" ? "photos/later" : id }));
  await home.write("tasks.json", JSON.stringify(entries.slice(0, 3)));
  const run = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--retries", "0", "--queue", QUEUE];
  assertCode(await corehaul(run, { cwd: home.path }), 1);
  await home.write("more.json", JSON.stringify(entries));
  assertCode(await control(home, "add", "-i", "more.json"), 0);
  assertEquals(await states(home), { bad404: "failed", bad503: "failed", good: "done", later: "waiting" });

  assertEquals((await control(home, "retry", "--where", "error=http-404")).stdout, "1 task set to be tried again\n");
  assertEquals((await control(home, "retry", "--all")).stdout, "1 task set to be tried again\n");
  assertEquals((await control(home, "pause", "--where", "out=photos/*")).stdout, "1 task paused\n");
  assertEquals(
    (await control(home, "cancel", "--where", `host=127.0.0.1:${server.port}`, "--where", "out=bad*")).stdout,
    "2 tasks canceled\n",
  );
  assertEquals(await states(home), { bad404: "canceled", bad503: "canceled", good: "done", later: "paused" });
  assertEquals((await control(home, "retry", "--where", "status=done")).stdout, "1 task set to be tried again\n");
  assertEquals(
    (await control(home, "resume", "--all", "--json")).stdout,
    '{"type":"resume","touched":1,"unknown":[],"unmoved":[]}\n',
  );
  assertEquals((await control(home, "remove", "--where", "status=canceled")).stdout, "2 tasks removed\n");
  assertEquals(await states(home), { good: "waiting", later: "waiting" });
  // What was removed is new again, under the same id and path.
  assertEquals((await control(home, "add", "-i", "more.json")).stdout, "2 added, 2 known already, 0 refused\n");
  assertEquals((await control(home, "remove", "--all")).stdout, "4 tasks removed\n");
  assertEquals(await states(home), {});
  assertMatch((await control(home, "status")).stdout, /^waiting +0$/m);
});

Deno.test("corehaul control verbs name what they cannot do", async () => {
  await using home = await TempDir.create();
  assertCode(await control(home, "add", "http://127.0.0.1:1/a"), 0);
  const partly = await control(home, "pause", "t1", "t7", "nobody");
  assertCode(partly, 1);
  assertEquals(partly.stdout, "1 task paused\n");
  assertMatch(partly.stderr, /there is no task "t7"\n(.*\n)*.*there is no task "nobody"/);
  const again = await control(home, "pause", "t1");
  assertCode(again, 1);
  assertMatch(again.stderr, /task "t1" cannot be paused: it is paused/);
  const wrong: [string[], RegExp][] = [
    [["pause"], /corehaul pause needs the ids of tasks, --where or --all/],
    [["cancel", "t1", "--all"], /corehaul cancel takes either the ids of tasks, or --where, or --all/],
    [["pause", "--where", "status=done"], /Cannot pause tasks that are done/],
    [["pause", "--where", "size=1"], /--where as it must be status, error, host, out or url .*"size=1"/],
    [["retry", "--where", "error=http-999"], /--where as it must be http-404.*"error=http-999"/],
    [["priority"], /corehaul priority needs a number/],
    [["priority", "high", "t1"], /N as it must be a whole number .*"high"/],
    [["priority", "-99999999999", "t1"], /N as it must be a whole number .*"-99999999999"/],
    [["priority", "1"], /corehaul priority needs the ids of tasks/],
    [["list", "-5"], /Unknown option -5/],
  ];
  for (const [args, message] of wrong) {
    const ended = await control(home, ...args);
    assertCode(ended, 2);
    assertMatch(ended.stderr, message);
  }
  const nowhere = await corehaul(["pause", "t1", "--queue", "kv:none.db"], { cwd: home.path });
  assertCode(nowhere, 3);
});
