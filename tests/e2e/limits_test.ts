/** Limits that hold over all workers. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients("corehaul keeps to --limit-rate over all workers", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 300_000)));
  const entries = Array.from({ length: 20 }, (_, i) => `${server.url}/${i}`);
  const more = ["--limit-rate", "2M", "--workers", "2", "--concurrency", "4"];
  const { ended, tasks, ms } = await runOnce(home, client, entries, more);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, 300_000));
  // Six million bytes; a burst and the last piece of each of eight slots come free.
  assert(ms / 1000 > (6_000_000 - 8 * 300_000) / 2_097_152, `${ms} ms`);
});

Deno.test("corehaul has no more downloads at a time than -j says, over all workers", async (t) => {
  for (const [jobs, workers] of [[3, 2], [1, 2]] as const) {
    await t.step(`${jobs} of ${workers} workers`, async () => {
      await using home = await TempDir.create();
      let [active, peak] = [0, 0];
      const reached = Promise.withResolvers<void>();
      await using server = FaultServer.start(async ({ path }) => {
        peak = Math.max(peak, ++active);
        if (active === jobs) reached.resolve();
        await reached.promise;
        // A slow server: whatever else may run at the same time comes meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 50));
        active--;
        return new Response(bytesFor(path, 10));
      });
      const urls = Array.from({ length: 12 }, (_, i) => `${server.url}/${i}`);
      // Its answers wait for one another: what -j allows must be open at once.
      const limits = ["-j", String(jobs), "--workers", String(workers), "--cpu-threshold", "100", "--per-host", "0"];
      const ended = await corehaul([...urls, ...limits, "--json"], { cwd: home.path });
      assertCode(ended, 0);
      const started = jsonLines(ended.stdout).filter(({ type }) => type === "proc_started");
      const downloading = started.filter(({ proc }) => String(proc).startsWith("proc_worker"));
      assertEquals([peak, server.requests.length, downloading.length], [jobs, 12, Math.min(jobs, workers)]);
    });
  }
});

testClients("corehaul refuses larger files than --max-size, and does not ask again", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, path === "/big" ? 200_000 : 10)));
  const { ended, tasks } = await runOnce(home, client, [`${server.url}/big`, `${server.url}/small`], [
    "--max-size",
    "100K",
  ]);
  assertCode(ended, 1);
  assertEquals(tasks.map(({ status }) => status).sort(), ["done", "failed"]);
  assertEquals(server.requests.length, 2);
});

/** Only root can make a small disk. */
const mayMount = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "corehaul starts nothing below --min-free, says so, and goes on by itself when there is space",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 1000)));
    const folder = home.join("small");
    await Deno.mkdir(folder);
    const run = (program: string, ...args: string[]) => new Deno.Command(program, { args }).outputSync();
    assert(run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder).success);
    try {
      await Deno.writeFile(`${folder}/ballast`, new Uint8Array(6_000_000));
      const names = ["a", "b", "c", "d"];
      const write = (count: number) =>
        home.replace("tasks.txt", names.slice(0, count).map((name) => `${server.url}/${name}\n`).join(""));
      await write(1);
      const args = ["run", "--tasks", "tasks.txt", "--dir", folder, "--queue", "kv:list.db", "--json"];
      await using corehaul = await Corehaul.start([...args, "--min-free", "4M"], { cwd: home.path });
      await corehaul.until("the news", () => corehaul.events("space_low").length === 1);
      await corehaul.until("a worker", () => corehaul.events("proc_started").length > 0);
      // All tasks come the same way: when the last one is on the list, the first one would have been asked for.
      for (let count = 1; count <= names.length; count++) {
        await write(count);
        await corehaul.until(`task ${count}`, () => corehaul.events("tasks_added").length === count);
      }
      assertEquals(server.requests, []);
      await Deno.remove(`${folder}/ballast`);
      await corehaul.until("all files", () => corehaul.events("task_done").length === names.length);
      assertEquals([corehaul.events("space_back").length, server.requests.length], [1, names.length]);
      corehaul.kill("SIGTERM");
      assertCode(await corehaul.ended(), 0);
    } finally {
      run("umount", folder);
    }
  },
});
