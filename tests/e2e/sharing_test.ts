/** Processes that share one list, and processes that die. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul, type Ended, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertWhole, filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
/** The load of the machine is not what is tested here; and servers that hold all answers back are to be asked all the same. */
const RUN = ["run", "100", "--tasks", "tasks.txt", "--dir", "files", "--queue", QUEUE, "--json", "--per-host", "0"];

shareCommandProcesses();

Deno.test("corehaul run twice on one list finishes it together, with no file fetched twice", async () => {
  const count = 3000;
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  // Nobody is served before both are at work: one alone asks for eight at a time.
  let both = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => both ||= server.open === 16);
    return new Response(bytesFor(path, 1000));
  });
  await home.write("tasks.txt", Array.from({ length: count }, (_, i) => `${server.url}/${i}`).join("\n"));
  await corehaul(["add", "--queue", QUEUE, "--input", "tasks.txt"], options);
  const args = [...RUN, "--once", "--workers", "1", "--concurrency", "8"];
  await using first = await Corehaul.start(args, options);
  await using second = await Corehaul.start(args, options);
  const ends = [await first.ended(), await second.ended()];
  for (const ended of ends) assertCode(ended, 0);
  const done = ends.map(doneCount);
  assertEquals(done[0]! + done[1]!, count, `${done}`);
  assert(done.every((part) => part > 0), `${done}`);
  const tasks = await listedTasks(QUEUE, options, ["--status", "done"]);
  assertEquals(tasks.length, count);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, 1000));
  const requests = server.requests.map(({ path }) => path);
  assertEquals(requests.length, count);
  assertEquals(new Set(requests).size, count);
});

Deno.test("corehaul run twice on ten large files gives work to both processes", async () => {
  await using home = await TempDir.create();
  let all = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => all ||= server.open === 10);
    return server.trickle(bytesFor(path, 2_000_000), 10, 20);
  });
  await home.write("tasks.txt", Array.from({ length: 10 }, (_, i) => `${server.url}/large-${i}`).join("\n"));
  const args = [...RUN, "--once", "--workers", "1", "--concurrency", "5"];
  await using first = await Corehaul.start(args, { cwd: home.path });
  await using second = await Corehaul.start(args, { cwd: home.path });
  const ends = [await first.ended(), await second.ended()];
  for (const ended of ends) assertCode(ended, 0);
  const done = ends.map(doneCount);
  assertEquals(done[0]! + done[1]!, 10, `${done}`);
  assert(done.every((part) => part > 0), `${done}`);
  assertEquals(server.requests.length, 10);
  const tasks = await listedTasks(QUEUE, { cwd: home.path });
  await assertWhole(tasks, home.join("files"), (url) => bytesFor(url.pathname, 2_000_000));
});

Deno.test("corehaul run after kill -9 loses no file and fetches no finished one again", async () => {
  const count = 300;
  const size = (path: string) => 1000 + Number(path.slice(1)) * 700;
  await using home = await TempDir.create();
  // So many are served: none of the processes that are killed gets to the end of the list.
  let most = 0;
  await using server = FaultServer.start(async ({ path }, server) => {
    const turn = server.requests.length;
    await server.hold(() => turn <= most);
    return server.trickle(bytesFor(path, size(path)), 3, 15);
  });
  await home.write("tasks.txt", Array.from({ length: count }, (_, i) => `${server.url}/${i}`).join("\n"));
  const args = [...RUN, "--once", "--concurrency", "16"];
  for (const share of [0.2, 0.4, 0.6]) {
    most = server.requests.length + count * 0.3;
    await using run = await Corehaul.start(args, { cwd: home.path });
    await run.until("some files", async () => (await wholeFiles(home.join("files"))).length > count * share);
    run.kill("SIGKILL");
    assertEquals((await run.ended()).code, 137);
    const finished = await wholeFiles(home.join("files"));
    assert(finished.length < count, `${finished.length}`);
    for (const name of finished) {
      assertEquals(await Deno.readFile(home.join("files", name)), bytesFor(`/${name}`, size(`/${name}`)));
    }
  }
  const before = await wholeFiles(home.join("files"));
  const asked = before.map((name) => server.hits(`/${name}`));
  most = Infinity;
  const ended = await corehaul(args, { cwd: home.path });
  assertEquals(await listedTasks(QUEUE, { cwd: home.path }, ["--status", "failed"]), []);
  assertCode(ended, 0);
  assertEquals(before.map((name) => server.hits(`/${name}`)), asked);
  const tasks = await listedTasks(QUEUE, { cwd: home.path });
  assertEquals(tasks.length, count);
  await assertWhole(tasks, home.join("files"), (url) => bytesFor(url.pathname, size(url.pathname)));
  assertEquals(await wholeFiles(home.join("files")), tasks.map(({ out }) => out).sort());
});

Deno.test("corehaul run takes up the tasks of a killed process while it runs", async () => {
  await using home = await TempDir.create();
  let slow = true;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => !slow);
    return new Response(bytesFor(path, 1000));
  });
  await home.write("tasks.txt", Array.from({ length: 6 }, (_, i) => `${server.url}/${i}`).join("\n"));
  const args = [...RUN, "--once", "--concurrency", "3", "--workers", "1"];
  await using doomed = await Corehaul.start(args, { cwd: home.path });
  await doomed.until("its downloads", () => server.open === 3);
  await using other = await Corehaul.start([...args, "--heartbeat", "0.4"], { cwd: home.path });
  await other.until("its downloads", () => server.open === 6);
  doomed.kill("SIGKILL");
  await doomed.ended();
  slow = false;
  assertCode(await other.ended(), 0);
  assertEquals((await wholeFiles(home.join("files"))).length, 6);
  assert(other.events("tasks_reclaimed").length > 0);
});

function doneCount({ stdout }: Ended): number {
  return Number(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).done);
}

async function wholeFiles(dir: string): Promise<string[]> {
  try {
    return (await filesIn(dir)).filter((name) => !name.includes(".part"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.test({
  name: "corehaul run keeps its list when others change it and close it, beside the task file too",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(() => new Response("x"));
    const options = { cwd: home.path };
    await home.write("tasks.txt", `${server.url}/0\n`);
    const args = ["run", "--tasks", "tasks.txt", "--dir", "files", "--queue", "kv:queue.db", "--json"];
    await using run = await Corehaul.start(args, options);
    for (let round = 1; round <= 4; round++) {
      await run.until("the file", () => run.events("task_done").length === round);
      // What it writes into the folder makes events there, as does the one that comes and goes.
      assertCode(await corehaul(["add", `${server.url}/${round}`, "--queue", "kv:queue.db"], options), 0);
    }
    await run.until("the last file", () => run.events("task_done").length === 5);
    const files = Array.from(Deno.readDirSync(`/proc/${run.pid}/fd`), ({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/${run.pid}/fd/${name}`);
      } catch {
        return "";
      }
    });
    // A log that is deleted takes with it whatever is settled from now on.
    assertEquals(files.filter((file) => file.endsWith("(deleted)")), []);
    run.kill("SIGKILL");
    await run.ended();
    const { stdout } = await corehaul(["status", "--queue", "kv:queue.db", "--json"], options);
    assertEquals(JSON.parse(stdout).counts.done, 5);
  },
});
