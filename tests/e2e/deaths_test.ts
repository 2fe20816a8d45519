/** Processes that die: what their files had got counts, and nobody fails for what others did. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const STEP = 200_000;
/** One more than a task survives without progress. */
const KILLS = 6;
const LENGTH = 2_000_000;

shareCommandProcesses();

Deno.test(`corehaul run goes on with a file over which it was killed ${KILLS} times, as it grew each time`, async () => {
  await using home = await TempDir.create();
  const file = new RemoteFile({ length: LENGTH });
  let free = false;
  await using server = FaultServer.start(async (request, server) => {
    const answer = file.answer(request);
    const body = new Uint8Array(await answer.arrayBuffer());
    const { status, headers } = answer;
    return server.flow(body, free ? body.length : STEP, () => free, { status, headers });
  });
  await home.write("tasks.txt", `${server.url}/large.bin\n`);
  const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db"];
  const size = () => Deno.stat(home.join("files/large.bin.part")).then(({ size }) => size, () => 0);
  for (let kill = 1; kill <= KILLS; kill++) {
    await using process = await Corehaul.start(args, { cwd: home.path });
    const before = await size();
    await process.until("a further part of it", async () => await size() >= before + STEP / 2);
    process.kill("SIGKILL");
    await process.ended();
  }
  free = true;
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(await Deno.readFile(home.join("files/large.bin")), file.content());
  const [task] = await listedTasks("kv:list.db", { cwd: home.path });
  assertEquals(task!.status, "done");
});

Deno.test("corehaul run fails that file alone over which its process is killed again and again, and tells it", async () => {
  await using home = await TempDir.create();
  let kill = () => {};
  await using server = FaultServer.start(async ({ path }, server) => {
    if (path === "/deadly") kill();
    // All that runs beside it is there when it happens.
    await server.pause(100);
    return new Response("x");
  });
  const others = Array.from({ length: 8 }, (_, i) => `f${i}`);
  await home.write("tasks.txt", ["f0", "deadly", ...others.slice(1)].map((name) => `${server.url}/${name}\n`).join(""));
  const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db", "--json"];
  let last: Corehaul;
  // Once it may wait behind others that are under suspicion.
  for (let run = 1; run <= 2 * KILLS; run++) {
    await using process = last = await Corehaul.start([...args, "--workers", "1"], { cwd: home.path });
    kill = () => process.kill("SIGKILL");
    if ((await process.ended()).code === 1) break;
  }
  assertEquals(last!.events("task_failed").map(({ url }) => url), [`${server.url}/deadly`]);
  assertMatch(last!.stderr, /hauling went wrong: .*\/deadly: The owner of this task died 5 times in a row/);
  assertEquals(last!.events("summary").length, 1);
  assertEquals(await filesIn(home.join("files")), others);
});

for (const wakes of ["before the other one has finished", "never again"]) {
  Deno.test(`corehaul leaves no part behind of a process that was frozen past its lease and wakes ${wakes}`, async () => {
    await using home = await TempDir.create();
    const file = new RemoteFile({ length: LENGTH });
    let free = false;
    await using server = FaultServer.start(async (request, server) => {
      const { status, headers, body } = file.answer(request);
      const bytes = new Uint8Array(await new Response(body).arrayBuffer());
      return server.flow(bytes, STEP, () => request.nth > 1 && free, { status, headers });
    });
    await home.write("tasks.txt", `${server.url}/large.bin\n`);
    const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db", "--json"];
    await Deno.mkdir(home.join("files"));
    const lease = ["--lease", "1", "--heartbeat", "0.2", "--workers", "1"];
    await using frozen = await Corehaul.start([...args, ...lease], { cwd: home.path });
    const files = () => filesIn(home.join("files"));
    await frozen.until("a part of it", async () => (await files()).includes("large.bin.part-info"));
    frozen.kill("SIGSTOP");
    await using other = await Corehaul.start([...args, ...lease], { cwd: home.path });
    await other.until("a part of its own", async () => (await files()).length === 3);
    if (wakes !== "never again") {
      frozen.kill("SIGCONT");
      // One is the reader of the task file.
      await frozen.until("its second life", () => frozen.events("proc_started").length === 3);
    }
    free = true;
    assertCode(await other.ended(), 0);
    if (wakes !== "never again") assertCode(await frozen.ended(), 0);
    else {
      assertEquals(await files(), ["large.bin", "large.bin.part", "large.bin.part-info"], "they are held by a process");
      frozen.kill("SIGKILL");
      await frozen.ended();
      // Whoever is the next in that folder, with whatever list.
      assertCode(await corehaul(["get", `${server.url}/large.bin`, "-d", "files"], { cwd: home.path }), 0);
    }
    assertEquals(await files(), ["large.bin"]);
    assertEquals(await Deno.readFile(home.join("files/large.bin")), file.content());
    assertEquals(await Array.fromAsync(Deno.readDir(home.join("files/.corehaul/running"))), []);
  });
}
