/** What may hold secrets is its owner's alone, and what was removed is gone from the file. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { QueueUnavailableError } from "../../queue/queue_unavailable_error.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

const QUEUE = ["--queue", "kv:queue.db"];
/** Starts a command with a umask of its own. */
const umask = (mask: string) => ["sh", "-c", `umask ${mask}; exec "$@"`, "sh"];

async function modeOf(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode! & 0o7777).toString(8);
}

/** The mode of everything below a folder. */
async function modesBelow(folder: string, prefix = ""): Promise<[name: string, mode: string][]> {
  const modes: [string, string][] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    modes.push([prefix + name, await modeOf(`${folder}/${name}`)]);
    if (isDirectory) modes.push(...await modesBelow(`${folder}/${name}`, `${prefix}${name}/`));
  }
  return modes.sort();
}

/** Everything that a list holds in its files, removed or not. */
async function textOf(home: TempDir, list = "queue.db"): Promise<string> {
  let text = "";
  for (const name of await home.names()) {
    if (name.startsWith(list)) text += new TextDecoder("latin1").decode(await Deno.readFile(home.join(name)));
  }
  return text;
}

shareCommandProcesses();

Deno.test("corehaul lets nobody else read its lists, claim logs and manifests, whatever the umask", async () => {
  for (const mask of ["000", "077"]) {
    await using home = await TempDir.create();
    const held = Promise.withResolvers<void>();
    await using server = FaultServer.start(({ path }) => {
      if (!path.startsWith("/slow")) return new Response(bytesFor(path, 1000));
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(bytesFor(path, 300_000));
          await held.promise;
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-length": "3000000", etag: '"one"' } });
    });
    await home.write("list.txt", `${server.url}/quick\n${server.url}/slow\n`);
    const args = ["run", "--tasks", "list.txt", "--dir", "files", "--json", "--grace", "0"];
    await using run = await Corehaul.start(args, { cwd: home.path, wrapper: umask(mask) });
    try {
      await run.until("the first file", () => run.events("task_done").length === 1);
      await until(
        "the other one",
        async () => (await modesBelow(home.path)).some(([name]) => name.endsWith("part-info")),
      );
      const modes = (await modesBelow(home.path)).filter(([name]) => name !== "list.txt");
      const [folder, file] = mask === "000" ? ["777", "666"] : ["700", "600"];
      const plain = modes.filter(([name]) => ["files", "files/quick", "files/slow.part"].includes(name));
      assertEquals(plain, [["files", folder], ["files/quick", file], ["files/slow.part", file]]);
      const secret = modes.filter((each) => !plain.includes(each));
      const kinds = secret.map(([name]) => name.replace(/[^/]+\.jsonl$/, "*")).sort();
      assertEquals(kinds, [
        ".corehaul",
        ".corehaul/queue.db",
        ".corehaul/queue.db-shm",
        ".corehaul/queue.db-wal",
        "files/.corehaul",
        "files/.corehaul/manifest",
        "files/.corehaul/manifest/*",
        "files/.corehaul/running",
        "files/.corehaul/running/*",
        "files/.corehaul/space",
        "files/slow.part-info",
      ]);
      for (const [name, mode] of secret) {
        const isFolder = /(corehaul|manifest|running|space)$/.test(name);
        assertEquals([name, mode], [name, isFolder ? "700" : "600"]);
      }
      // What nobody else can read is not spoken of.
      assertEquals(run.stderr.includes("others can read"), false, run.stderr);
    } finally {
      held.resolve();
    }
    run.kill("SIGTERM");
    await run.ended();
  }
});

Deno.test("corehaul names once what others can read of an older version, and doctor --fix mends it", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  const options = { cwd: home.path };
  await home.write("list.txt", `${server.url}/a\n`);
  const run = ["run", "--once", "--tasks", "list.txt", "--dir", "files", ...QUEUE];
  assertCode(await corehaul(run, options), 0);
  const [journal] = await Array.fromAsync(Deno.readDir(home.join("files/.corehaul/manifest")), ({ name }) => name);
  const manifest = home.join(`files/.corehaul/manifest/${journal}`);
  // As an older version left it.
  await Deno.chmod(home.join("queue.db"), 0o644);
  await Deno.chmod(manifest, 0o640);
  for (const folder of ["files/.corehaul", "files/.corehaul/manifest"]) await Deno.chmod(home.join(folder), 0o755);
  const warnings = async (args: string[]) => {
    const ended = await corehaul(args, options);
    assertCode(ended, 0);
    return ended.stderr.split("\n").filter((line) => line.includes("others can read"));
  };
  const [list, ...more] = await warnings(["list", ...QUEUE]);
  assertEquals(more, []);
  assertMatch(
    list!,
    /others can read the task list, which may hold secrets: chmod 600 '\/.*\/queue\.db' keeps it to you/,
  );
  const both = await warnings(run);
  assertEquals(both.length, 2, both.join("\n"));
  const said = both.find((line) => line.includes("files/.corehaul"))!;
  assertMatch(
    said,
    /others can read 1 file below .*: chmod 600 '\/.*\/files\/\.corehaul'\/\*\/\*\.jsonl keeps it to you/,
  );
  const doctor = async (...args: string[]) => {
    const { stdout } = await corehaul(["doctor", "--json", "--dir", "files", ...QUEUE, ...args], options);
    return jsonLines(stdout).filter(({ name }) => name === "private");
  };
  const [found] = await doctor();
  assertEquals(found!.ok, false);
  assertMatch(found!.detail as string, /chmod 600 .*queue\.db'; chmod 600 .*\.jsonl .*corehaul doctor --fix/);
  assertEquals(await modeOf(manifest), "640");
  assertEquals(await doctor("--fix"), [{ name: "private", ok: true, detail: "2 files are closed to others now" }]);
  assertEquals([await modeOf(home.join("queue.db")), await modeOf(manifest)], ["600", "600"]);
  // Folders may be somebody else's work.
  assertEquals(await modeOf(home.join("files/.corehaul")), "755");
  assertEquals(await doctor(), [{
    name: "private",
    ok: true,
    detail: "nobody else can read list, claim logs and manifests",
  }]);
  assertEquals(await warnings(run), []);
});

Deno.test("TaskKvList makes a file that its owner alone can read, also where a link leads to none yet", async () => {
  await using home = await TempDir.create();
  await Deno.symlink("real.db", home.join("link.db"));
  await Deno.symlink("ring.db", home.join("ring.db"));
  {
    await using _list = await TaskKvList.open(home.join("link.db"));
    assertEquals(await modeOf(home.join("real.db")), "600");
    assertEquals(await modeOf(home.join("real.db-wal")), "600");
  }
  await assertRejects(() => TaskKvList.open(home.join("ring.db")), QueueUnavailableError);
});

Deno.test("corehaul changes the mode of no folder that was there before", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  for (const folder of ["files", "files/.corehaul", "lists"]) {
    await Deno.mkdir(home.join(folder));
    await Deno.chmod(home.join(folder), 0o755);
  }
  await home.write("list.txt", `${server.url}/a\n`);
  const where = ["--dir", "files", "--queue", "kv:lists/queue.db"];
  assertCode(await corehaul(["run", "--once", "--tasks", "list.txt", ...where], { cwd: home.path }), 0);
  await corehaul(["doctor", "--fix", ...where], { cwd: home.path });
  for (const folder of ["files", "files/.corehaul", "lists"]) {
    assertEquals(await modeOf(home.join(folder)), "755", folder);
  }
  assertEquals(await modeOf(home.join("lists/queue.db")), "600");
});

Deno.test("corehaul remove and gc leave nothing of what they removed in the file of the list", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const entry = (name: string) => ({
    url: `http://127.0.0.1:1/${name}?signature=SECRET-${name}`,
    id: name,
    out: `SECRET-${name}`,
    headers: { authorization: `SECRET-${name}` },
  });
  await home.write("list.json", JSON.stringify(["one", "two", "three", "kept"].map(entry)));
  assertCode(await corehaul(["add", "--input", "list.json", ...QUEUE], options), 0);
  const secrets = async () => {
    const text = await textOf(home);
    return ["one", "two", "three", "kept"].filter((name) => text.includes(`SECRET-${name}`));
  };
  assertEquals(await secrets(), ["one", "two", "three", "kept"]);
  const removed = await corehaul(["remove", "one", ...QUEUE], options);
  assertCode(removed, 0);
  assertEquals([removed.stdout, removed.stderr], ["1 task removed\n", ""]);
  assertEquals(await secrets(), ["two", "three", "kept"]);
  assertCode(await corehaul(["cancel", "two", ...QUEUE], options), 0);
  assertCode(await corehaul(["gc", "--keep", "0", ...QUEUE], options), 0);
  assertEquals(await secrets(), ["three", "kept"]);
  {
    await using run = await Corehaul.start(["run", "--start-at", "+1h", ...QUEUE, "--json"], options);
    await run.until("the run", () => run.events("proc_started").length > 0);
    const ended = await corehaul(["remove", "three", ...QUEUE], options);
    assertCode(ended, 0);
    assertMatch(ended.stderr, /a run works on the list: what was removed is out of its file when the run has ended/);
    run.kill("SIGTERM");
    await run.ended();
  }
  assertEquals(await secrets(), ["kept"]);
  const { stdout } = await corehaul(["list", "--json", ...QUEUE], options);
  assertEquals(jsonLines(stdout).map(({ id }) => id), ["kept"]);
  assert((await textOf(home)).includes("SECRET-kept"));
});
