/** Workers and cores: pinning, concurrency, and admission by load. */
import { assert, assertEquals } from "@std/assert";
import { allowedCores, BusyCores } from "../support/busy_cores.ts";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertWhole, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { threadMasks } from "../support/thread_masks.ts";
import { until } from "../support/until.ts";

const QUEUE = "kv:queue.db";
/** Servers that hold all answers back are to be asked all the same. */
const RUN = ["--tasks", "tasks.txt", "--dir", "files", "--queue", QUEUE, "--per-host", "0"];
const cores = await allowedCores();

Deno.test({
  name: "corehaul run keeps each worker's event loop and blocking threads on its one core",
  ignore: cores.length === 1, // A machine with one core has nothing to choose.
  fn: async () => {
    await using home = await TempDir.create();
    let over = false;
    await using server = FaultServer.start(async ({ path }, server) => {
      await server.hold(() => over);
      return new Response(bytesFor(path, 200_000));
    });
    // A name instead of an address: it is looked up on a blocking thread.
    const list = Array.from({ length: 40 }, (_, i) => `http://localhost:${server.port}/${i}`);
    await home.write("tasks.txt", list.join("\n"));
    const two = cores.slice(0, 2);
    const run = ["run", ...RUN, "--cores", two.join(","), "--cpu-threshold", "100", "--concurrency", "20"];
    await using process = await Corehaul.start([...run, "--json"], { cwd: home.path });
    await process.until("40 open downloads", () => server.open === 40);
    const started = process.events("proc_started");
    assertEquals(started.map(({ proc, core, pinned }) => ({ proc, core, pinned })).sort(byProc), [
      { proc: "proc_config", core: two[0], pinned: true },
      { proc: "proc_worker-0", core: two[0], pinned: true },
      { proc: "proc_worker-1", core: two[1], pinned: true },
    ]);
    const threads = threadMasks(process.pid);
    const loops = threads.filter(({ name }) => name.startsWith("worker-"));
    assertEquals(loops.map((loop) => loop.cores).sort(), [two[0], two[0], two[1]].map(String).sort());
    // Those that started after the first worker belong to one of them or to the main thread, which is pinned too. Threads
    // that Deno made before, and those that they make, stay free.
    const blocking = threads.filter(({ tid, name }) => tid > loops[0]!.tid && name.startsWith("tokio"));
    assertEquals(blocking.filter((thread) => !two.map(String).includes(thread.cores)), []);
    assert(blocking.some((thread) => thread.cores === String(two[1])), JSON.stringify(threads));
    over = true;
    await process.until("the files", () => process.events("task_done").length === 40);
    process.kill("SIGTERM");
    assertEquals((await process.ended()).code, 0);
  },
});

Deno.test("corehaul runs a driver of the user on the core of its worker", async () => {
  await using home = await TempDir.create();
  let over = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => over);
    return new Response(bytesFor(path, 10));
  });
  await home.write(
    "driver.ts",
    `export default { open: async () => ({ body: (await fetch(${JSON.stringify(server.url)})).body }) };`,
  );
  const core = String(cores.at(-1));
  const args = ["get", "held://x/a", "--protocol", "held:=driver.ts", "--cores", core];
  await using process = await Corehaul.start(args, { cwd: home.path });
  await process.until("the driver to ask", () => server.open === 1);
  const loops = threadMasks(process.pid).filter(({ name }) => name.startsWith("worker-"));
  assertEquals(loops.map((loop) => loop.cores), [core, core]);
  over = true;
  assertCode(await process.ended(), 0);
});

Deno.test("corehaul run --no-pin leaves the threads alone", async () => {
  await using home = await TempDir.create();
  await home.write("tasks.txt", "");
  await using process = await Corehaul.start(["run", ...RUN, "--no-pin", "--json"], { cwd: home.path });
  await process.until("the workers", () => process.events("tasks_read").length > 0);
  const all = threadMasks(process.pid).filter(({ name }) => name.startsWith("worker-"));
  assert(all.length >= 2);
  for (const thread of all) assertEquals(thread.cores, threadMasks(Deno.pid)[0]!.cores);
  process.kill("SIGTERM");
  assertEquals((await process.ended()).code, 0);
});

Deno.test("corehaul run holds 500 slow connections at once in one worker, and finishes them all", async () => {
  const many = 500;
  await using home = await TempDir.create();
  let all = false;
  await using server = FaultServer.start(({ path }, server) => {
    const body = bytesFor(path, 20_000);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(body.slice(0, 1000)),
      pull: async (controller) => {
        await server.hold(() => all ||= server.open === many);
        controller.enqueue(body.slice(1000));
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-length": String(body.length) } });
  });
  await home.write("tasks.txt", Array.from({ length: many }, (_, i) => `${server.url}/${i}.bin`).join("\n"));
  const args = ["run", "100", "--once", ...RUN, "--workers", "1", "--concurrency", String(many)];
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(server.maxOpen, many);
  assertEquals(server.requests.length, many);
  const tasks = await listedTasks(QUEUE, { cwd: home.path });
  assertEquals(tasks.length, many);
  await assertWhole(tasks, home.join("files"), (url) => bytesFor(url.pathname, 20_000));
});

Deno.test("corehaul 1 on a busy machine goes on, with one download a core at the most", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }, server) => server.trickle(bytesFor(path, 100_000), 3, 30));
  await home.write("tasks.txt", Array.from({ length: 12 }, (_, i) => `${server.url}/${i}`).join("\n"));
  await using _busy = await BusyCores.start();
  await until("a busy machine", isBusy);
  assertCode(await corehaul(["1", "--once", ...RUN, "--workers", "1"], { cwd: home.path }), 0);
  assertEquals(server.maxOpen, 1);
  assertEquals(server.requests.length, 12);
});

Deno.test("corehaul 100 is not throttled on a busy machine", async () => {
  await using home = await TempDir.create();
  let full = false;
  await using server = FaultServer.start(async ({ path }, server) => {
    await server.hold(() => full ||= server.open === 48);
    return new Response(bytesFor(path, 1000));
  });
  await home.write("tasks.txt", Array.from({ length: 60 }, (_, i) => `${server.url}/${i}`).join("\n"));
  await using _busy = await BusyCores.start();
  await until("a busy machine", isBusy);
  const args = ["100", "--once", ...RUN, "--workers", "1", "--concurrency", "48"];
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(server.maxOpen, 48);
});

/** True once every core has been busy for a moment. */
async function isBusy(): Promise<boolean> {
  const before = await idleTimes();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = await idleTimes();
  return cores.every((core) => (after.get(core) ?? 0) - (before.get(core) ?? 0) <= 2);
}

/** The idle ticks of each core. */
async function idleTimes(): Promise<Map<number, number>> {
  const lines = (await Deno.readTextFile("/proc/stat")).matchAll(/^cpu(\d+) \d+ \d+ \d+ (\d+)/gm);
  return new Map(Array.from(lines, ([, core, idle]) => [Number(core), Number(idle)]));
}

function byProc(a: { proc: unknown }, b: { proc: unknown }): number {
  return String(a.proc) < String(b.proc) ? -1 : 1;
}
