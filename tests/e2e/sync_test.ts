/** Task files as the wish: several of them, and what vanishes from them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertWhole, filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const SIZE = 3000;
const RUN = ["run", "--dir", "files", "--queue", QUEUE, "--json"];
const ONE = ["--workers", "1", "--concurrency", "1"];

function serve(): FaultServer {
  return FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
}

/** A server that keeps its first answer back until it is freed. */
function serveLate(): { server: FaultServer; free: () => void } {
  const freed = Promise.withResolvers<void>();
  const server = FaultServer.start(async ({ path }) => {
    await freed.promise;
    return new Response(bytesFor(path, SIZE));
  });
  return { server, free: freed.resolve };
}

async function states(cwd: string): Promise<Record<string, string>> {
  const tasks = await listedTasks(QUEUE, { cwd });
  return Object.fromEntries(tasks.map(({ url, status }) => [new URL(url).pathname.slice(1), status]));
}

shareCommandProcesses();

Deno.test("corehaul run --sync cancels tasks whose entries vanish, and takes them back, live and after a restart", async () => {
  await using home = await TempDir.create();
  const { server: late, free } = serveLate();
  await using server = late;
  const write = (...names: string[]) =>
    home.replace("tasks.json", JSON.stringify(names.map((name) => `${server.url}/${name}`)));
  await write("a", "b", "c", "d", "e");
  await using run = await Corehaul.start([...RUN, ...ONE, "--tasks", "tasks.json", "--sync"], { cwd: home.path });
  await run.until("the first request", () => server.requests.length === 1);
  // What runs goes on.
  await write("c", "e");
  await run.until("the cancels", () => run.events("tasks_synced").length === 1);
  const [first] = run.events("tasks_synced");
  assertEquals([first?.file, first?.canceled, first?.returned], ["tasks.json", 2, 0]);
  assertEquals(await states(home.path), { a: "running", b: "canceled", c: "waiting", d: "canceled", e: "waiting" });

  // A file that is not valid or not there asks for nothing, and for the end of nothing.
  await home.replace("tasks.json", `["${server.url}/c"`);
  await run.until("the report", () => run.events("tasks_invalid").length === 1);
  await Deno.remove(home.join("tasks.json"));
  await run.until("the missing file", () => run.events("tasks_missing").length === 1);
  await home.replace("tasks.json", `["${server.url}/c", "no url"]`);
  await run.until("the bad entry", () => run.events("entry_refused").length === 1);
  await write("b", "c", "e");
  await run.until("the return", () => run.events("tasks_synced").length === 2);
  assertEquals(run.events("tasks_synced").map(({ canceled, returned }) => [canceled, returned]), [[2, 0], [0, 1]]);
  run.kill("SIGKILL");
  await run.ended();

  await write("b", "c", "f");
  free();
  const again = await corehaul([...RUN, "--once", "--tasks", "tasks.json", "--sync"], { cwd: home.path });
  assertCode(again, 0);
  assertEquals(await states(home.path), {
    a: "done",
    b: "done",
    c: "done",
    d: "canceled",
    e: "canceled",
    f: "done",
  });
  assertMatch(again.stderr, /tasks\.json: 1 tasks canceled that it does not name any more, 0 back/);
});

Deno.test("corehaul run without --sync, and --sync for tasks of other ways, cancel nothing", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  assertCode(await corehaul(["add", `${server.url}/byhand`, "--queue", QUEUE], { cwd: home.path }), 0);
  await home.write("a.txt", `${server.url}/a1\n${server.url}/both\n`);
  await home.write("b.txt", `${server.url}/b1\n${server.url}/both\n`);
  const add = ["--tasks", "a.txt", "--tasks", "b.txt", "--once", "--start-at", "+1h"];
  await using first = await Corehaul.start([...RUN, ...add], { cwd: home.path });
  await first.until("both lists", () => first.events("tasks_read").length === 2);
  first.kill("SIGTERM");
  assertCode(await first.ended(), 143);
  await home.write("a.txt", "# nothing\n");
  await using second = await Corehaul.start([...RUN, ...add], { cwd: home.path });
  await second.until("both lists", () => second.events("tasks_read").length === 2);
  second.kill("SIGTERM");
  await second.ended();
  assertEquals(Object.values(await states(home.path)), Array(4).fill("waiting"));
  // The other file still asks for one of them.
  const args = ["--tasks", "b.txt", "--tasks", "a.txt", "--once", "--sync"];
  assertCode(await corehaul([...RUN, ...args], { cwd: home.path }), 0);
  assertEquals(await states(home.path), { byhand: "done", a1: "canceled", both: "done", b1: "done" });
});

Deno.test("corehaul run --sync takes back a task whose entry has moved to another file, and lets it go with that", async () => {
  await using home = await TempDir.create();
  const url = "http://127.0.0.1:9";
  await home.write("a.txt", `${url}/x\n${url}/y\n`);
  await home.write("b.txt", `${url}/z\n`);
  const args = [...RUN, "--tasks", "a.txt", "--tasks", "b.txt", "--sync", "--start-at", "+1h"];
  await using run = await Corehaul.start(args, { cwd: home.path });
  await run.until("both lists", () => run.events("tasks_read").length === 2);
  const synced = () => run.events("tasks_synced").map(({ file, canceled, returned }) => [file, canceled, returned]);
  const steps: [file: string, text: string, canceled: number, returned: number][] = [
    ["a.txt", `${url}/y\n`, 1, 0],
    ["b.txt", `${url}/z\n${url}/x\n`, 0, 1],
    ["b.txt", `${url}/z\n`, 1, 0],
  ];
  for (const [i, [file, text, canceled, returned]] of steps.entries()) {
    await home.replace(file, text);
    await run.until(`step ${i}`, () => synced().length > i);
    assertEquals(synced().at(-1), [file, canceled, returned]);
  }
  assertEquals(await states(home.path), { x: "canceled", y: "waiting", z: "waiting" });
  run.kill("SIGTERM");
  await run.ended();
});

Deno.test("corehaul run follows several files, folders and patterns, and files that come later", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const { url } = server;
  await home.write("one.csv", `url,out,priority\n${url}/csv,tables/csv.bin,3\n`);
  await home.write("lists/a.json", JSON.stringify([`${url}/a`]));
  await home.write("more/x.tsv", `url\theader:X-Key\n${url}/x\tsecret\n`);
  await home.write("more/readme.md", "no list");
  const tasks = ["one.csv", "lists/*.json", "more"].flatMap((word) => ["--tasks", word]);
  await using run = await Corehaul.start([...RUN, ...tasks], { cwd: home.path });
  await run.until("three files", () => run.events("task_done").length === 3);
  assertEquals(run.events("tasks_read").map(({ file }) => file).sort(), ["lists/a.json", "more/x.tsv", "one.csv"]);
  assertEquals(server.requests.find(({ path }) => path === "/x")?.headers.get("x-key"), "secret");

  await home.replace("lists/b.json", JSON.stringify([`${url}/b`, `${url}/a`]));
  await run.until("a new file", () => run.events("task_done").length === 4);
  await Deno.remove(home.join("lists/a.json"));
  await run.until("the end of a file", () => run.events("tasks_missing").some(({ file }) => file === "lists/a.json"));
  await home.replace("lists/a.json", JSON.stringify([`${url}/a2`]));
  await home.replace("more/x.tsv", `url\theader:X-Key\n${url}/x\tsecret\n${url}/y\tsecret\n`);
  await run.until("new entries", () => run.events("task_done").length === 6);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(server.requests.length, 6);
  const listed = await listedTasks(QUEUE, { cwd: home.path });
  await assertWhole(listed, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
  assertEquals(await filesIn(home.join("files")), ["a", "a2", "b", "tables", "x", "y"]);
});

Deno.test("corehaul run --once reads all of its task files, and names what it cannot read", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  for (let i = 0; i < 30; i++) await home.write(`lists/${i}.txt`, `${server.url}/${i}\n`);
  const once = (...words: string[]) =>
    corehaul([...RUN, "--once", ...words.flatMap((word) => ["--tasks", word])], { cwd: home.path });
  for (
    const [word, why] of [["none.json", "No such file"], ["*.json", "there is none"], ["lists/*.csv", "there is none"]]
  ) {
    const ended = await once("lists", word!);
    assertCode(ended, 2);
    assert(
      ended.stderr.includes(
        `Cannot use --tasks as it must name files that can be read: current value is "${word}" (${why}`,
      ),
    );
  }
  await new Deno.Command("mkfifo", { args: [home.join("pipe")] }).output();
  const piped = await once("pipe");
  assertCode(piped, 2);
  assertMatch(piped.stderr, /"pipe" \(it is neither a file nor a folder\)/);
  assertEquals(server.requests.length, 0);
  assertCode(await once("lists"), 0);
  assertEquals(server.requests.length, 30);
});

Deno.test("corehaul run --sync knows the files of a folder as those of its entry", async () => {
  await using home = await TempDir.create();
  const { server: late, free } = serveLate();
  await using server = late;
  // A server with an answer to give would never end.
  using _freed = { [Symbol.dispose]: free };
  // What the folder holds stands in a file, and its files come over http.
  const driver = `
    export default {
      async open({ url, signal }) { return (({ body }) => ({ body }))(await fetch("${server.url}" + new URL(url).pathname, { signal })); },
      async *list({ url }) {
        for (const name of JSON.parse(await Deno.readTextFile(${JSON.stringify(home.join("folder.json"))}))) {
          yield { url: url + name, path: name };
        }
      },
    };`;
  await home.write("mem_driver.ts", driver);
  await home.write("folder.json", JSON.stringify(["a", "b", "c"]));
  // Between hosts no order holds but that of priorities.
  const folder = { url: "mem://x/set/", priority: 1 };
  const write = (entries: unknown[]) => home.replace("tasks.json", JSON.stringify(entries));
  await write([folder, `${server.url}/single`]);
  const args = [...RUN, ...ONE, "--tasks", "tasks.json", "--sync", "--protocol", "mem:=./mem_driver.ts"];
  {
    await using run = await Corehaul.start(args, { cwd: home.path });
    await run.until("the first request", () => server.requests.length === 1);
    assertEquals(await states(home.path), {
      "set/a": "running",
      "set/b": "waiting",
      "set/c": "waiting",
      single: "waiting",
    });
    // The folder is looked into when its entry is read: it has lost one of its files, and got another one.
    await home.write("folder.json", JSON.stringify(["a", "c", "d"]));
    await write([folder]);
    await run.until("the cancels", () => run.events("tasks_synced").length === 1);
    const { canceled } = run.events("tasks_synced")[0]!;
    assertEquals(canceled, 2);
    assertEquals(await states(home.path), {
      "set/a": "running",
      "set/b": "canceled",
      "set/c": "waiting",
      "set/d": "waiting",
      single: "canceled",
    });
    // A folder that cannot be listed is in doubt: nothing of it ends.
    await home.write("folder.json", "no json");
    await write([folder, `${server.url}/other`]);
    await run.until("the refusal", () => run.events("entry_refused").length === 1);
    await run.until("the other one", async () => "other" in await states(home.path));
    assertEquals((await states(home.path))["set/c"], "waiting");
    run.kill("SIGKILL");
    await run.ended();
  }
  free();
  await home.write("folder.json", JSON.stringify(["a", "c", "d"]));
  assertCode(await corehaul([...args, "--once"], { cwd: home.path }), 0);
  assertEquals(await filesIn(home.join("files/set")), ["a", "c", "d"]);
});
