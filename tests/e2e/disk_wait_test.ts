/** How long a run waits for space on a full disk. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 2_000_000;
const ENDS = /^error: There has been no space for 0.1 s: what is waiting stays on the list \(--disk-wait\)$/m;

/** A server with a file that is larger than a small disk, and one that is not. */
function serve(): FaultServer {
  return FaultServer.start(({ path }) => new Response(bytesFor(path, path === "/large" ? SIZE : 1000)));
}

shareCommandProcesses();

Deno.test({
  name: "corehaul get and run --once end with 1 when the disk was full for --disk-wait, and their tasks stay waiting",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    await using server = serve();
    const options = { cwd: home.path };
    await home.write("tasks.txt", `${server.url}/large\n`);
    await onSmallDisk(home.join("files"), async (grow) => {
      const run = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:queue.db", "--json"];
      const ended = await corehaul([...run, "--disk-wait", "0.1", "--retries", "0"], options);
      assertCode(ended, 1);
      assertMatch(ended.stderr, ENDS);
      assertMatch(ended.stdout, /"type":"summary".*"end":"full"/);
      const [task] = await listedTasks("kv:queue.db", options);
      assertEquals([task!.status, task!.attempts], ["waiting", 0]);
      const get = await corehaul(["get", `${server.url}/large`, "-d", "files/got", "--disk-wait", "0.1"], options);
      assertCode(get, 1);
      assertMatch(get.stderr, ENDS);
      grow();
      assertCode(await corehaul(run, options), 0);
      assertEquals(await Deno.readFile(home.join("files/large")), bytesFor("/large", SIZE));
    });
  },
});

for (const [what, args] of [["run --once", ["--once", "--disk-wait", "0"]], ["run", ["--disk-wait", "0.1"]]] as const) {
  Deno.test({
    name: `corehaul ${what}${args.length > 2 ? " --disk-wait 0" : ""} waits until there is space`,
    ignore: !mayMount,
    fn: async () => {
      await using home = await TempDir.create();
      await using server = serve();
      await home.write("tasks.txt", `${server.url}/large\n`);
      await onSmallDisk(home.join("files"), async (grow) => {
        const run = ["run", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:queue.db", "--json", ...args];
        await using process = await Corehaul.start([...run, "--retries", "0"], { cwd: home.path });
        // The second time is later than the first by more than what the option says.
        await process.until("the news, twice", () => process.events("task_retry").length >= 2);
        assert(!ENDS.test(process.stderr));
        // The list remembers how much the file takes: the server is not asked for that again.
        assertEquals(server.hits("/large"), 1);
        grow();
        await process.until("the file", () => process.events("task_done").length === 1);
        if (what === "run") process.kill("SIGTERM");
        assertCode(await process.ended(), 0);
      });
    },
  });
}

Deno.test({
  name: "corehaul get has the space that a process had reserved which was killed",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    const size = 12_000_000;
    await using server = FaultServer.start(({ path }, server) =>
      path === "/killed"
        ? server.flow(bytesFor(path, size), 2_000_000, () => false, { headers: { etag: '"one"' } })
        : new Response(bytesFor(path, size))
    );
    await onSmallDisk(home.join("files"), async () => {
      const options = { cwd: home.path };
      await using killed = await Corehaul.start(["get", `${server.url}/killed`, "-d", "files"], options);
      const left = home.join("files/killed.part");
      await killed.until("its part", () => sizeOf(left) >= 2_000_000);
      const get = ["get", `${server.url}/other`, "-d", "files"];
      const refused = await corehaul([...get, "--disk-wait", "0.1"], options);
      assertCode(refused, 1);
      assertMatch(refused.stderr, /other: No space left for its 12000000 bytes: \d+ bytes are free/);
      killed.kill("SIGKILL");
      await killed.ended();
      assertCode(await corehaul(get, options), 0);
      assertEquals(await Deno.readFile(home.join("files/other")), bytesFor("/other", size));
      // What it had stays, to be continued.
      assert(sizeOf(left) >= 2_000_000);
    }, "20m");
  },
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

Deno.test("corehaul get ends with 1 when less than --min-free was free for --disk-wait", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const args = ["get", `${server.url}/small`, "--min-free", "1000000G", "--disk-wait", "0.1"];
  const ended = await corehaul(args, { cwd: home.path });
  assertCode(ended, 1);
  assertMatch(ended.stderr, ENDS);
  assertMatch(ended.stdout, /0 done, 0 failed, 1 waiting/);
  assertEquals(server.requests, []);
});
