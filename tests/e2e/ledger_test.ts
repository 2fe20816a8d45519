/** What failed, why, and what to do about it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { makeFifo } from "../support/nodes.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = ["--queue", "kv:queue.db"];

/** A server with a file that is there, one that never is, and one that is there at the second request. */
function serve(): FaultServer {
  return FaultServer.start(({ path, nth }) => {
    if (path === "/never") return new Response("", { status: 404 });
    if (path === "/down" || (path === "/second" && nth === 1)) return new Response("", { status: 503 });
    return new Response(bytesFor(path, 100));
  });
}

const RUN = ["run", "--once", "--dir", "files", "--retries", "1", "--retry-wait", "0.05", ...QUEUE];

shareCommandProcesses();

Deno.test("corehaul why tells every attempt of a task, and what is next", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  const secret = server.url.replace("//", "//me:secret@");
  await home.write(
    "code_tasks.json",
    JSON.stringify([`${secret}/second`, `${server.url}/never`, `${server.url}/down`]),
  );
  assertCode(await corehaul(RUN, options), 1);
  assertCode(
    await corehaul(["add", `${server.url}/later`, "--start-at", "2126-01-01T00:00:00Z", ...QUEUE], options),
    0,
  );
  const why = async (...words: string[]) => await corehaul(["why", ...words, ...QUEUE], options);
  const second = await why("t1");
  assertCode(second, 0);
  assertMatch(second.stdout, /^t1 is done: http:\/\/127\.0\.0\.1:\d+\/second\n/);
  assertMatch(second.stdout, /failed on core \d+: .*HTTP status 503 \(http\); again at 20/);
  assertMatch(second.stdout, /done on core \d+, at attempt 2: 100 bytes/);
  assertMatch(second.stdout, /next: nothing\n$/);
  assert(!second.stdout.includes("secret"));
  const never = await why(`${server.url}/never`);
  assertMatch(never.stdout, /404 \(http\); given up\n {2}next: nothing, until `corehaul retry t2`\n$/);
  const down = await why("t3");
  assertEquals(down.stdout.match(/HTTP status 503/g)?.length, 2);
  assertMatch(down.stdout, /next: it is tried again at the start of the next run, or by `corehaul retry t3`\n$/);
  assertMatch(
    (await why("t4")).stdout,
    /t4 is waiting.*\n.*added for later\n {2}next: not before 2126-01-01T00:00:00.000Z\n/,
  );
  const events = (story: string) =>
    [...story.matchAll(/^ {2}20\S+Z {2}(\w+( to priority \d+)?)/gm)].map((line) => line[1]);
  assertEquals(events(second.stdout), ["added", "started", "failed", "started", "done"]);
  for (const words of [["pause"], ["priority", "7"], ["resume"], ["cancel"]]) {
    assertCode(await corehaul([...words, "t4", ...QUEUE], options), 0);
  }
  const later = (await why("t4")).stdout;
  assertEquals(events(later), ["added", "paused", "moved to priority 7", "resumed", "canceled"]);
  // By the url, with its credentials or without them.
  assertEquals((await why(`${secret}/second`)).stdout, second.stdout);
  const [story] = jsonLines((await why("t1", "--json")).stdout);
  assertEquals((story!.history as { status: number }[]).map(({ status }) => status), [503]);
  const unknown = await why("t9", `${secret}/none`);
  assertCode(unknown, 1);
  assertMatch(unknown.stderr, /no task with the id or the url "t9"/);
  assert(!unknown.stderr.includes("secret"));
  assertCode(await why(), 2);
});

Deno.test("corehaul list shows what --where, --status and --limit mean", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  await home.write(
    "code_tasks.json",
    JSON.stringify(["never", "a", "b", "down"].map((name) => `${server.url}/${name}`)),
  );
  assertCode(await corehaul(RUN, options), 1);
  const list = async (...more: string[]) =>
    (await listedTasks("kv:queue.db", options, more)).map(({ out }) => out).sort();
  assertEquals(await list("--where", "error=http-5xx"), ["down"]);
  assertEquals(await list("--where", "status=failed", "--where", "out=n*"), ["never"]);
  assertEquals(await list("--status", "done", "--where", "host=127.0.0.1"), ["a", "b"]);
  assertEquals((await list("--limit", "3")).length, 3);
  await Deno.remove(home.join("files/b"));
  assertEquals(await list("--missing", "--dir", "files"), ["b"]);
  assertEquals(
    (await corehaul(["retry", "--missing", "-d", "files", ...QUEUE], options)).stdout,
    "1 task set to be tried again\n",
  );
  assertCode(await corehaul(RUN, options), 1);
  assertEquals(await Deno.readFile(home.join("files/b")), bytesFor("/b", 100));
  assertEquals(server.hits("/a"), 1);
  const wrong = await corehaul(["list", "--where", "out", ...QUEUE], options);
  assertCode(wrong, 2);
  assertMatch(wrong.stderr, /--where as it must be status, error, host, out or url with = and a value: .*"out"/);
});

Deno.test("corehaul --save-failed writes a task file that asks for the same again, for its owner alone", async () => {
  await using home = await TempDir.create();
  let repaired = false;
  await using server = FaultServer.start(({ path, headers }) =>
    path === "/good" || (repaired && headers.get("x-key") === "1")
      ? new Response(bytesFor(path, 100))
      : new Response("", { status: 404 })
  );
  const options = { cwd: home.path };
  const wanted = {
    id: "mine",
    url: `${server.url}/bad`,
    out: "sub/bad",
    priority: 3,
    headers: { "X-Key": "1" },
    size: 100,
    segments: 2,
  };
  const entries = [`${server.url}/good`, wanted, { url: `${server.url}/plain`, headers: { "X-Key": "1" } }];
  await home.write("list.json", JSON.stringify(entries));
  assertCode(await corehaul([...RUN, "--tasks", "list.json", "--save-failed", "failed.json"], options), 1);
  assertEquals(JSON.parse(await Deno.readTextFile(home.join("failed.json"))), [wanted, entries[2]]);
  assertEquals((await Deno.stat(home.join("failed.json"))).mode! & 0o777, 0o600);
  repaired = true;
  const again = ["run", "--once", "--tasks", "failed.json", "--dir", "files", "--queue", "kv:again.db"];
  assertCode(await corehaul([...again, "--save-failed", "failed.json"], options), 0);
  assertEquals(await Deno.readFile(home.join("files/sub/bad")), bytesFor("/bad", 100));
  assertEquals(JSON.parse(await Deno.readTextFile(home.join("failed.json"))), []);
  assertEquals((await home.names()).filter((name) => name.startsWith(".corehaul-")), []);
  const nowhere = await corehaul(["get", `${server.url}/good`, "--save-failed", "none/failed.json"], options);
  assertCode(nowhere, 2);
  assertMatch(
    nowhere.stderr,
    /Cannot use --save-failed as it must be .*: current value is "none\/failed\.json" \(its folder must be there\)/,
  );
});

Deno.test("corehaul --save-failed keeps the mode of a file that is there, warns if others read it, and replaces no node", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() => new Response("", { status: 404 }));
  const get = async (file: string, wrapper?: string[]) => {
    const args = ["get", `${server.url}/bad`, "--dir", "files", "--progress", "none", "--save-failed", file];
    return await corehaul(args, { cwd: home.path, ...(wrapper === undefined ? {} : { wrapper }) });
  };
  const entries = [{ url: `${server.url}/bad` }];
  await home.write("open.json", "[]");
  await Deno.chmod(home.join("open.json"), 0o644);
  await Deno.symlink("open.json", home.join("link.json"));
  const open = await get("link.json");
  assertCode(open, 1);
  assertMatch(
    open.stderr,
    /warning: others can read "link\.json", which may hold passwords: chmod 600 keeps it to you\n/,
  );
  assertEquals(JSON.parse(await Deno.readTextFile(home.join("open.json"))), entries);
  assertEquals((await Deno.stat(home.join("open.json"))).mode! & 0o777, 0o644);
  assertEquals((await Deno.lstat(home.join("link.json"))).isSymlink, true);
  const fifo = await makeFifo(home.join("fifo"));
  const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
  assertCode(await get("fifo"), 1);
  assertEquals(JSON.parse(await new Response(reader.stdout).text()), entries);
  await reader.status;
  const printed = await get("/dev/stdout", ["env"]);
  assertCode(printed, 1);
  assertEquals(JSON.parse(printed.stdout), entries);
  const folder = await get("files");
  assertCode(folder, 2);
  assertMatch(folder.stderr, /Cannot use --save-failed as .* current value is "files" \(it is a folder\)/);
});

Deno.test("corehaul check says what would become of a task file, and stores nothing", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  assertCode(await corehaul(["add", "http://h.example/known", ...QUEUE], options), 0);
  const lines = [
    "http://h.example/known",
    "http://h.example/new",
    "http://h.example/new",
    "http://other.example/new",
    '{"url": "http://h.example/x", "out": "../x"}',
    '{"url": "http://h.example/y", "out": "known"}',
    '{"url": "http://h.example/z", "out": "new"}',
    '{"url": "http://h.example/p", "priority": "high"}',
  ];
  await home.write("list.json", `[${lines.map((line) => line.startsWith("{") ? line : `"${line}"`).join(",\n")}]`);
  const ended = await corehaul(["check", "list.json", ...QUEUE], options);
  assertCode(ended, 1);
  assertMatch(ended.stdout, /list\.json:3: entry 2 says again what one before it says: new\n/);
  assertMatch(ended.stdout, /list\.json:5: entry 4 is not taken: out .*"\.\.\/x"/);
  assertMatch(ended.stdout, /list\.json:6: entry 5 is not taken: out must be free: "known" is reserved by task "t1"/);
  assertMatch(ended.stdout, /list\.json:7: entry 6 is not taken: out must be free: another entry has "new"/);
  assertMatch(ended.stdout, /list\.json:8: entry 7 is not taken: priority .*"high"/);
  assertMatch(
    ended.stdout,
    /list\.json: 8 entries: 2 new, 1 known already, 1 twice, 4 refused\n {8}3 {2}h\.example\n {8}1 {2}other\.example\n/,
  );
  assertEquals((await listedTasks("kv:queue.db", options)).length, 1);
  const summary = jsonLines((await corehaul(["check", "list.json", "--json", ...QUEUE], options)).stdout).at(-1)!;
  assertEquals([summary.type, summary.entries, summary.fresh, summary.refused], ["summary", 8, 2, 4]);
  // A list that is not there yet is not made.
  assertCode(await corehaul(["check", "-", "--queue", "kv:none.db"], { ...options, stdin: "http://h.example/a\n" }), 0);
  assertEquals(await home.names(), ["list.json", "queue.db"]);
  await home.write("torn.json", '["http://h.example/a",');
  const torn = await corehaul(["check", "torn.json", "list.json", ...QUEUE], options);
  assertCode(torn, 2);
  assertMatch(torn.stderr, /torn\.json:1:\d+: the task file is not valid/);
  const gone = await corehaul(["check", "gone.json"], options);
  assertCode(gone, 2);
  assertMatch(gone.stderr, /Cannot check FILE .*"gone\.json"/);
});

Deno.test("corehaul list shows a long list in little memory, and ends when nobody reads any more", async () => {
  await using home = await TempDir.create();
  const count = 100_000;
  const options = { cwd: home.path };
  await home.write("list.txt", Array.from({ length: count }, (_, i) => `http://h.example/files/${i}\n`).join(""));
  assertCode(await corehaul(["add", "-i", "list.txt", ...QUEUE], options), 0);
  const script = new URL("../../cli.ts", import.meta.url).pathname;
  const shell = async (command: string) => {
    const { stdout, stderr, code } = await new Deno.Command("bash", {
      args: ["-c", command],
      cwd: home.path,
      env: { NO_COLOR: "1" },
    }).output();
    return { code, stdout: new TextDecoder().decode(stdout).trim(), stderr: new TextDecoder().decode(stderr) };
  };
  const list = `deno run -A --quiet ${script} list --json --queue kv:queue.db`.replace("deno", Deno.execPath());
  const counted = await shell(
    `set -o pipefail; /usr/bin/python3 -c 'import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)' ${list} | wc -l`,
  );
  assertEquals([counted.code, Number(counted.stdout)], [0, count], counted.stderr);
  assert(Number(counted.stderr.trim().split("\n").at(-1)) < 220_000, `${counted.stderr} KiB`);
  const headed = await shell(`${list} | head -n 2 | wc -l; echo "\${PIPESTATUS[0]}"`);
  assertEquals([headed.stdout, headed.stderr], ["2\n0", ""]);
});
