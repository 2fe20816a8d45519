/** A download folder that others change, and disks that are full. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";
import { assertWhole, filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 2_000_000;

/** A server that holds a file back from its middle on until it is let go. */
class HoldingServer implements AsyncDisposable {
  readonly server: FaultServer;
  /** Send all of it. */
  go = false;

  constructor() {
    this.server = FaultServer.start(({ path }, server) => {
      const bytes = bytesFor(path, SIZE);
      let at = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          if (at > 0) await server.hold(() => this.go);
          controller.enqueue(bytes.slice(at, at += SIZE / 2));
          if (at === SIZE) controller.close();
        },
      }, { highWaterMark: 0 });
      return new Response(body, { headers: { "content-length": String(SIZE), etag: '"one"' } });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

async function begun(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.size === SIZE / 2;
}

shareCommandProcesses(2);

testClients("corehaul get makes its download folder again when somebody removes it meanwhile", async (client) => {
  await using home = await TempDir.create();
  await using holding = new HoldingServer();
  const args = ["get", `${holding.server.url}/x`, "-d", "files", "--retry-wait", "0.05", "--http-client", client];
  await using process = await Corehaul.start(args, { cwd: home.path });
  await process.until("a part of it", () => begun(home.join("files/x.part")));
  await Deno.remove(home.join("files"), { recursive: true });
  holding.go = true;
  assertCode(await process.ended(), 0);
  assertEquals(await Deno.readFile(home.join("files/x")), bytesFor("/x", SIZE));
  assertEquals(await filesIn(home.join("files")), ["x"]);
});

testClients("corehaul run follows no link that takes the place of a folder meanwhile", async (client) => {
  await using home = await TempDir.create();
  await using holding = new HoldingServer();
  await Deno.mkdir(home.join("outside"));
  const { url } = holding.server;
  const entries = ["a", "deep/b"].map((out) => ({ url: `${url}/${out}`, out: `sub/${out}` }));
  await home.write("tasks.json", JSON.stringify(entries));
  const args = ["run", "100", "--once", "--tasks", "tasks.json", "-d", "files", "--queue", "kv:queue.db"];
  await using process = await Corehaul.start([...args, "--retry-wait", "0.05", "--http-client", client], {
    cwd: home.path,
  });
  for (const out of ["a", "deep/b"]) {
    await process.until(`a part of ${out}`, () => begun(home.join(`files/sub/${out}.part`)));
  }
  await Deno.rename(home.join("files/sub"), home.join("moved"));
  await Deno.symlink(home.join("outside"), home.join("files/sub"));
  holding.go = true;
  const ended = await process.ended();
  assertCode(ended, 1);
  assertMatch(ended.stderr, /sub\/a: a link leads out of the download folder/);
  assertMatch(ended.stderr, /sub\/deep\/b: a link leads out of the download folder/);
  assertEquals(await Array.fromAsync(Deno.readDir(home.join("outside"))), []);
});

Deno.test("corehaul get twice at once, for two files that servers call the same, keeps both apart", async () => {
  await using home = await TempDir.create();
  let arrived = 0;
  await using server = FaultServer.start(async ({ path }, server) => {
    arrived++;
    await server.hold(() => arrived >= 2);
    const headers = { etag: `"${path}"`, "content-disposition": "attachment; filename=same.bin" };
    return new Response(bytesFor(path, SIZE), { headers });
  });
  const get = (path: string) => corehaul(["get", server.url + path, "-d", "files"], { cwd: home.path });
  const ends = await Promise.all([get("/a"), get("/b")]);
  const files = (await filesIn(home.join("files"))).filter((name) => !name.includes(".part"));
  assertEquals(files.length, ends.filter(({ code }) => code === 0).length);
  assert(files.includes("same.bin"));
  for (const name of files) {
    const bytes = await Deno.readFile(home.join("files", name));
    assert(["/a", "/b"].some((path) => equal(bytes, bytesFor(path, SIZE))), `${name} is none of both`);
  }
  // Whoever came too late says so, and has its file under another name the next time.
  const again = [await get("/a"), await get("/b")];
  for (const ended of again) assertCode(ended, 0);
  assertEquals((await filesIn(home.join("files"))).length, 2);
});

Deno.test({
  name: "corehaul run waits while the disk is full, has nothing truncated, and goes on by itself",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    const size = (path: string) => path.startsWith("/large") ? SIZE : 30_000;
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, size(path))));
    const names = ["large1", ...Array.from({ length: 40 }, (_, i) => `small${i}`), "large2"];
    await onSmallDisk(home.join("files"), async (grow) => {
      await home.write("tasks.txt", names.map((name) => `${server.url}/${name}\n`).join(""));
      const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:queue.db", "--workers", "2"];
      await using process = await Corehaul.start([...args, "--no-pin", "--retries", "0"], { cwd: home.path });
      await process.until("the news", () => /No space left/.test(process.stderr));
      for (const name of await filesIn(home.join("files"))) {
        if (name.includes(".part")) continue;
        assertEquals(await Deno.readFile(home.join("files", name)), bytesFor(`/${name}`, size(`/${name}`)));
      }
      grow();
      assertCode(await process.ended(), 0);
      assertEquals(await filesIn(home.join("files")), [...names].sort());
      for (const name of names) {
        assertEquals(await Deno.readFile(home.join("files", name)), bytesFor(`/${name}`, size(`/${name}`)));
      }
    });
  },
});

Deno.test({
  name: "corehaul run ends with 3 and one line when the disk of its queue is full, and goes on when there is space",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) => new Response(path));
    await onSmallDisk(home.join("disk"), async (grow) => {
      const entries = Array.from({ length: 3000 }, (_, i) => `${server.url}/${i}?${"x".repeat(300)}`);
      const more = ["--queue", "kv:disk/queue.db"];
      await home.write("tasks.json", JSON.stringify(entries));
      const args = ["run", "--once", "--tasks", "tasks.json", "-d", "files", ...more];
      const full = await corehaul(args, { cwd: home.path });
      assertCode(full, 3);
      assertMatch(full.stderr, /Cannot write the task list kv:\S*queue\.db: .*full\n$/);
      grow();
      const ended = await corehaul(args, { cwd: home.path });
      assertCode(ended, 0);
      assertEquals((await filesIn(home.join("files"))).length, entries.length);
    });
    // A list elsewhere knows nothing of those files, but the manifest does.
    const { ended, tasks } = await runOnce(home, "auto", [`${server.url}/1?${"x".repeat(300)}`]);
    assertCode(ended, 0);
    await assertWhole(tasks, home.join("files"), ({ pathname }) => new TextEncoder().encode(pathname));
  },
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
