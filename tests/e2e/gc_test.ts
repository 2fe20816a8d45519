/** What is settled can be forgotten, and is not fetched again for that. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = ["--queue", "kv:queue.db"];

shareCommandProcesses();

Deno.test("corehaul gc forgets what is settled, and the same list makes no request after it", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path === "/bad" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 1000))
  );
  const options = { cwd: home.path };
  const names = [...Array.from({ length: 30 }, (_, i) => `f${i}`), "bad"];
  await home.write("code_tasks.json", JSON.stringify(names.map((name) => `${server.url}/${name}`)));
  const run = ["run", "--once", "--dir", "files", ...QUEUE];
  assertCode(await corehaul(run, options), 1);
  const gc = async (...more: string[]) => (await corehaul(["gc", ...more, ...QUEUE], options)).stdout;
  assertEquals(await gc("--keep", "1h"), "0 tasks forgotten\n");
  assertEquals(await gc("--keep", "0", "--dry-run"), "30 tasks would be forgotten\n");
  assertEquals((await listedTasks("kv:queue.db", options)).length, 31);
  assertEquals(await gc("--keep", "0"), "30 tasks forgotten\n");
  assertEquals((await listedTasks("kv:queue.db", options)).map(({ status }) => status), ["failed"]);
  const size = async () => (await Deno.stat(home.join("queue.db"))).size;
  const full = await size();
  const forgotten = await gc("--keep", "0", "--failed", "--json");
  const freed = full - await size();
  assertEquals(forgotten, `{"type":"gc","touched":1,"freed":${freed},"dryRun":false}\n`);
  const before = server.requests.length;
  assertCode(await corehaul(run, options), 1);
  // They are new tasks, whose files are there: only the one that has none is asked for.
  assertEquals(server.requests.slice(before).map(({ path }) => path), ["/bad"]);
  const counts = JSON.parse((await corehaul(["status", "--json", ...QUEUE], options)).stdout).counts;
  assertEquals([counts.done, counts.failed], [30, 1]);
  const vague = await corehaul(["gc", ...QUEUE], options);
  assertCode(vague, 2);
  assertMatch(vague.stderr, /corehaul gc needs --keep/);
  assertCode(await corehaul(["gc", "--keep", "soon", ...QUEUE], options), 2);
});

Deno.test("corehaul gc makes room that the list uses again", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const add = async (round: number) => {
    const urls = Array.from(
      { length: 5000 },
      (_, i) => `http://h.example/round${round}/files/${i}/with/a/longer/path.bin\n`,
    );
    await home.write("list.txt", urls.join(""));
    assertCode(await corehaul(["add", "-i", "list.txt", "--name-template", "{path}/{name}", ...QUEUE], options), 0);
    assertCode(await corehaul(["cancel", "--all", ...QUEUE], options), 0);
    const gc = await corehaul(["gc", "--keep", "0", "--json", ...QUEUE], options);
    assertEquals(JSON.parse(gc.stdout).touched, 5000);
    return (await Deno.stat(home.join("queue.db"))).size;
  };
  const first = await add(0);
  let last = first;
  for (let round = 1; round < 4; round++) last = await add(round);
  assert(last < first * 1.5, `${first} bytes, then ${last}`);
});

Deno.test("corehaul gc makes the file of the list smaller, but not under the hands of a run", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const add = async (name: string, count: number) => {
    await home.write("list.txt", Array.from({ length: count }, (_, i) => `http://127.0.0.1:1/${name}/${i}\n`).join(""));
    assertCode(await corehaul(["add", "-i", "list.txt", "--name-template", "{path}/{name}", ...QUEUE], options), 0);
  };
  const gc = async () => JSON.parse((await corehaul(["gc", "--keep", "0", "--json", ...QUEUE], options)).stdout);
  const size = async () => (await Deno.stat(home.join("queue.db"))).size;
  await add("old", 20_000);
  assertCode(await corehaul(["cancel", "--all", ...QUEUE], options), 0);
  await add("kept", 10);
  const before = await size();
  {
    await using run = await Corehaul.start(["run", "--start-at", "+1h", ...QUEUE, "--json"], options);
    await run.until("the run", () => run.events("proc_started").length > 0);
    assertEquals(await gc(), { type: "gc", touched: 20_000, freed: 0, dryRun: false });
    run.kill("SIGTERM");
    await run.ended();
  }
  // The run itself left nothing of what was forgotten behind.
  const then = await size();
  assert(before - then > before / 2, `${before} bytes, then ${then}`);
  const { touched, freed } = await gc();
  assertEquals([touched, freed], [0, then - await size()]);
  const tasks = await listedTasks("kv:queue.db", options);
  assertEquals(
    tasks.map(({ out, status }) => [out, status]),
    Array.from({ length: 10 }, (_, i) => [`kept/${i}`, "waiting"]),
  );
});

Deno.test("corehaul run --keep forgets while it runs, and fetches nothing again", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path === "/bad" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 1000))
  );
  const options = { cwd: home.path };
  const list = (...names: string[]) =>
    home.replace("tasks.json", JSON.stringify(names.map((name) => `${server.url}/${name}`)));
  await list("a", "b", "bad");
  const args = ["run", "--keep", "1s", "--tasks", "tasks.json", "--dir", "files", ...QUEUE, "--json"];
  await using run = await Corehaul.start(args, options);
  await run.until("two tasks to be forgotten", () => {
    return run.events("tasks_forgotten").reduce((sum, { tasks }) => sum + (tasks as number), 0) === 2;
  });
  assertEquals((await listedTasks("kv:queue.db", options)).map(({ status }) => status), ["failed"]);
  // An edit brings them back as new tasks, whose files are there.
  await list("b", "a", "bad", "c");
  await run.until("the new file", () => run.events("task_done").filter(({ out }) => out === "c").length === 1);
  await run.until("the old ones", () => run.events("task_done").length === 5);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(server.requests.map(({ path }) => path).sort(), ["/a", "/b", "/bad", "/c"]);
});

/** Only root can make a small disk. */
const mayMount = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "corehaul gc forgets on a full disk, and says that the file stays as large",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    const folder = home.join("small");
    await Deno.mkdir(folder);
    const run = (...args: string[]) => new Deno.Command(args[0]!, { args: args.slice(1) }).outputSync();
    assert(run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder).success);
    try {
      const options = { cwd: folder };
      const add = async (name: string, count: number) => {
        const urls = Array.from({ length: count }, (_, i) => `http://127.0.0.1:1/${name}/${i}\n`);
        await home.write("list.txt", urls.join(""));
        const args = ["add", "-i", home.join("list.txt"), "--name-template", "{path}/{name}", ...QUEUE];
        assertCode(await corehaul(args, options), 0);
      };
      await add("old", 20_000);
      assertCode(await corehaul(["cancel", "--all", ...QUEUE], options), 0);
      await add("kept", 40_000);
      // Forgetting goes on in pages that are there; what is written anew has no room.
      const { size } = await Deno.stat(`${folder}/queue.db`);
      run("mount", "-o", `remount,size=${size + 8_000_000}`, folder);
      const ended = await corehaul(["gc", "--keep", "0", "--json", ...QUEUE], options);
      assertEquals(JSON.parse(ended.stdout), { type: "gc", touched: 20_000, freed: 0, dryRun: false });
      assertMatch(ended.stderr, /the list cannot be made smaller: database or disk is full/);
      assertCode(ended, 1);
      const counts = JSON.parse((await corehaul(["status", "--json", ...QUEUE], options)).stdout).counts;
      assertEquals([counts.waiting, counts.canceled], [40_000, 0]);
    } finally {
      run("umount", folder);
    }
  },
});
