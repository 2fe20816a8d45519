/** Folders that may not be written for a while, or never could. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { asOrdinaryUser as wrapper } from "../support/ordinary_user.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";
import { filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const LARGE = 1_500_000;

/** All but the first file, and the first half of the large one, come when they may. */
function serve(): { server: FaultServer; free: () => void; large: RemoteFile } {
  let free = false;
  const large = new RemoteFile({ length: LARGE });
  const server = FaultServer.start(async (request, server) => {
    const { path } = request;
    if (path === "/large") {
      const { status, headers, body } = large.answer(request);
      const bytes = new Uint8Array(await new Response(body).arrayBuffer());
      return server.flow(bytes, Math.min(LARGE / 2, bytes.length), () => free, { status, headers });
    }
    if (path !== "/first") await server.hold(() => free);
    return new Response(bytesFor(path, path === "/mine" ? LARGE : 1000));
  });
  return { server, free: () => free = true, large };
}

shareCommandProcesses();

Deno.test("corehaul run waits while a folder may not be written that could be, and fails what never could be", async () => {
  await using home = await TempDir.create();
  const { server, free, large } = serve();
  await using _server = server;
  const names = [
    "first",
    "large",
    "sub/first",
    ...Array.from({ length: 20 }, (_, i) => `small${i}`),
    "mine",
    "theirs/x",
  ];
  const failed = ["mine", "theirs/x"];
  await home.write("tasks.json", names.map((out) => JSON.stringify({ url: `${server.url}/${out}`, out })).join("\n"));
  await Deno.mkdir(home.join("files/theirs"), { recursive: true });
  await Deno.chmod(home.join("files/theirs"), 0o555);
  await home.write("files/mine.part", "of another");
  await Deno.chmod(home.join("files/mine.part"), 0o000);
  const args = ["run", "--once", "--tasks", "tasks.json", "-d", "files", "--queue", "kv:list.db", "--json"];
  const more = ["--retries", "0", "--disk-wait", "600"];
  await using process = await Corehaul.start([...args, ...more], { cwd: home.path, wrapper });
  const refused = () => new Set(process.events("task_retry").map(({ out }) => out));
  const events = (type: string) => process.events(type).map(({ out }) => out).sort();
  await process.until("the first file", () => events("task_done").includes("first"));
  const half = () => Deno.stat(home.join("files/large.part")).then(({ size }) => size >= LARGE / 2, () => false);
  await process.until("half of the large one", half);
  await Deno.chmod(home.join("files"), 0o555);
  free();
  await process.until(
    "the refusal of all others",
    () => refused().size + events("task_failed").length >= names.length - 1,
  );
  await Deno.chmod(home.join("files"), 0o755);
  assertCode(await process.ended(), 1);
  assertEquals(events("task_failed"), failed);
  assertEquals(events("task_done"), names.filter((out) => !failed.includes(out)).sort());
  const files = ["first", "large", "sub", ...names.slice(3, -2), "mine.part", "theirs"];
  assertEquals(await filesIn(home.join("files")), files.sort());
  assertEquals(await Deno.readFile(home.join("files/large")), large.content());
  // All of it was there already.
  const last = server.requests.filter(({ path }) => path === "/large").at(-1);
  assertEquals(last?.headers.get("range"), `bytes=${LARGE - 1}-`);
  for (const { attempts, status } of await listedTasks("kv:list.db", { cwd: home.path })) {
    assertEquals([attempts, status], [1, status]);
  }
});

Deno.test("corehaul run --once ends with 1 when its folder might not be written for --disk-wait", async () => {
  await using home = await TempDir.create();
  const { server, free } = serve();
  await using _server = server;
  await home.write("tasks.txt", `${server.url}/first\n${server.url}/small\n`);
  const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db", "--json"];
  await using process = await Corehaul.start([...args, "--disk-wait", "0.1"], { cwd: home.path, wrapper });
  await process.until("the first file", () => process.events("task_done").length === 1);
  await Deno.chmod(home.join("files"), 0o555);
  free();
  const ended = await process.ended();
  await Deno.chmod(home.join("files"), 0o755);
  assertCode(ended, 1);
  assertMatch(
    ended.stderr,
    /^error: There has been no permission to write for 0.1 s: what is waiting stays on the list/m,
  );
  assertMatch(ended.stdout, /"type":"summary".*"end":"full"/);
  const tasks = await listedTasks("kv:list.db", { cwd: home.path });
  assertEquals(tasks.map(({ status }) => status).sort(), ["done", "waiting"]);
  assertCode(await corehaul(args, { cwd: home.path }), 0);
});

for (const mode of [0o555, 0o000]) {
  Deno.test(`corehaul get ends with 2 when its folder has the mode ${mode.toString(8)} at the start`, async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(() => new Response("x"));
    // An earlier run has been there.
    assertCode(await corehaul(["get", `${server.url}/a`, "-d", "files"], { cwd: home.path }), 0);
    await Deno.chmod(home.join("files"), mode);
    await using process = await Corehaul.start(["get", `${server.url}/b`, "-d", "files"], { cwd: home.path, wrapper });
    const ended = await process.ended();
    await Deno.chmod(home.join("files"), 0o755);
    assertCode(ended, 2);
    assertMatch(ended.stderr, /Cannot use --dir as it must be a folder that can be written: current value is "files"/);
    assertEquals(await filesIn(home.join("files")), ["a"]);
  });
}

Deno.test({
  name: "corehaul run waits while its disk may only be read",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 1000)));
    await onSmallDisk(home.join("files"), async () => {
      const mount = (how: string) => {
        const { success } = new Deno.Command("mount", { args: ["-o", `remount,${how}`, home.join("files")] })
          .outputSync();
        assertEquals(success, true, how);
      };
      await home.write("tasks.txt", "");
      const args = ["run", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db", "--json", "--retries", "0"];
      await using process = await Corehaul.start(args, { cwd: home.path });
      await process.until("its start", () => process.events("tasks_read").length === 1);
      mount("ro");
      await home.write("tasks.txt", `${server.url}/a\n${server.url}/b\n`);
      const refused = () => new Set(process.events("task_retry").map(({ out }) => out)).size;
      await process.until("the refusals", () => refused() === 2);
      mount("rw");
      await process.until("the files", () => process.events("task_done").length === 2);
      assertEquals(process.events("task_failed"), []);
      assertEquals(await filesIn(home.join("files")), ["a", "b"]);
      process.kill("SIGTERM");
      assertCode(await process.ended(), 0);
    });
  },
});
