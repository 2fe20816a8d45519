/** Links that expire, and the command that renews them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole, listedTasks } from "../support/task_table.ts";
import { until } from "../support/until.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients("corehaul renews expired links by --refresh-cmd, and shows no key of them", async (client) => {
  await using home = await TempDir.create();
  const large = new RemoteFile({ length: 3_000_000 });
  let expired = false;
  const partSize = () => {
    try {
      return Deno.statSync(home.join("files/large.part")).size;
    } catch {
      return 0;
    }
  };
  await using server = FaultServer.start((request, server) => {
    const { path } = request;
    if (path === "/fresh/large") return large.answer(request);
    if (path.startsWith("/fresh/")) return new Response(bytesFor(path.slice(6), 5000));
    if (path === "/large" && !expired) {
      expired = true;
      const { headers } = large.answer(request);
      let sent = 0;
      // What is still on its way when a connection breaks may be lost: it breaks once a part is on the disk.
      const broken = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (sent === 0) return controller.enqueue(large.content().slice(0, sent = 1_500_000));
          await server.hold(() => partSize() >= 1_200_000);
          controller.error(new Error("the connection breaks here, as the test wants it"));
        },
      }, { highWaterMark: 0 });
      return new Response(broken, { headers });
    }
    return new Response("", { status: 403 });
  });
  const names = ["large", ...Array.from({ length: 20 }, (_, i) => `f${i}`)];
  const entries = names.map((name) => `${server.url}/${name}`);
  const command = `echo "${server.url}/fresh/\${COREHAUL_URL##*/}?key=secret-key"; : secret-argument`;
  const { ended, tasks } = await runOnce(home, client, entries, ["--refresh-cmd", command, "--workers", "2"]);
  assertCode(ended, 0);
  await assertWhole(
    tasks,
    home.join("files"),
    ({ pathname }) => pathname === "/large" ? large.content() : bytesFor(pathname, 5000),
  );
  // The list keeps the url that the user gave.
  assertEquals(tasks.map(({ url }) => url).sort(), entries.sort());
  const ranges = server.requests.filter(({ path, headers }) => path === "/fresh/large" && headers.has("range"));
  assertEquals(ranges.length, 1);
  assertMatch(ended.stderr, /\/f3: goes on at http:\/\/127\.0\.0\.1:\d+\/fresh\/f3\n/);
  const manifest = home.join("files/.corehaul/manifest");
  const journals = await Array.fromAsync(
    Deno.readDir(manifest),
    ({ name }) => Deno.readTextFile(`${manifest}/${name}`),
  );
  const shown = [ended.stdout, ended.stderr, JSON.stringify(tasks), ...await Promise.all(journals)].join("\n");
  assert(shown.includes("/fresh/f3") && !shown.includes("secret"));
});

Deno.test("corehaul says what is wrong when --refresh-cmd fails, and the task fails as its link does", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("", { status: 410 }));
  const get = async (command: string) => {
    const ended = await corehaul(["get", `${server.url}/x`, "--refresh-cmd", command], { cwd: home.path });
    assertCode(ended, 1);
    return ended.stderr;
  };
  assertMatch(
    await get("echo no >&2; exit 7"),
    /HTTP status 410; --refresh-cmd \(echo …\) ended with code 7; what it said may be secret and is not shown\n/,
  );
  assertMatch(
    await get("echo ftp://x/"),
    /must print one http or https url: it printed something else \(8 characters in 1 line\)/,
  );
  assertEquals(server.requests.length, 2);
  const bad = await corehaul(["get", `${server.url}/x`, "--refresh-cmd", ""], { cwd: home.path });
  assertCode(bad, 2);
  assertMatch(bad.stderr, /--refresh-cmd needs a value/);
});

Deno.test("corehaul stops while --refresh-cmd runs: the task goes back to the list, and the command ends", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("", { status: 403 }));
  await home.write("tasks.txt", `${server.url}/x\n`);
  const command = "echo $$ > pid; sleep 1000 & sleep 1000; echo http://never/";
  const args = ["run", "--once", "--tasks", "tasks.txt", "--queue", "kv:list.db", "--grace", "0.1"];
  await using process = await Corehaul.start([...args, "--refresh-cmd", command], { cwd: home.path });
  let pid = 0;
  await process.until("the command to run", async () => {
    pid = Number(await Deno.readTextFile(home.join("pid")).catch(() => ""));
    return pid > 0;
  });
  process.kill("SIGTERM");
  assertCode(await process.ended(), 143);
  const [task] = await listedTasks("kv:list.db", { cwd: home.path });
  assertEquals([task?.status, task?.attempts], ["waiting", 0]);
  // What was killed may take a moment to end, and then still wait for its parent to hear of it.
  await until("the end of the whole group", async () => {
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pgid,stat"] }).output();
    const living = new TextDecoder().decode(stdout).split("\n").filter((line) => !/Z/.test(line)).map(parseFloat);
    return !living.includes(pid);
  });
});

Deno.test({
  name:
    "corehaul lets the command of --refresh-cmd use every core that it may use itself, though its own threads are pinned",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) =>
      path === "/fresh" ? new Response(bytesFor(path, 10)) : new Response("", { status: 403 })
    );
    const command = `grep ^Cpus_allowed_list /proc/self/status >cores.txt; echo ${server.url}/fresh`;
    const args = ["get", `${server.url}/old`, "--refresh-cmd", command, "--log-level", "debug"];
    const ended = await corehaul(args, { cwd: home.path });
    assertCode(ended, 0);
    assertMatch(ended.stderr, /proc_worker-0 runs on core/);
    const own = /^Cpus_allowed_list.*$/m.exec(await Deno.readTextFile("/proc/self/status"));
    assertEquals((await Deno.readTextFile(home.join("cores.txt"))).trim(), own![0]);
  },
});
