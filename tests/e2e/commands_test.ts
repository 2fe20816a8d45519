/** The commands, as a user types them. */
import { hash } from "node:crypto";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const SIZE = 3000;

function serve(): FaultServer {
  return FaultServer.start(({ path }) =>
    path.startsWith("/missing") ? new Response("", { status: 404 }) : new Response(bytesFor(path, SIZE))
  );
}

shareCommandProcesses();

Deno.test("corehaul get fetches urls into a folder, and asks for none of them again", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  assertCode(await corehaul(["get", `${server.url}/one.txt`], options), 0);
  assertEquals(await Deno.readFile(home.join("downloads/one.txt")), bytesFor("/one.txt", SIZE));
  assertEquals(await home.names(), ["downloads"]);
  assertCode(await corehaul(["get", `${server.url}/one.txt`], options), 0);
  assertEquals(server.requests.length, 1);

  const piped = await corehaul(["get", "-i", "-", "-d", "piped"], {
    cwd: home.path,
    stdin: `${server.url}/a\n# a comment\n${server.url}/b\n`,
  });
  assertCode(piped, 0);
  assertEquals(await filesIn(home.join("piped")), ["a", "b"]);

  assertCode(await corehaul(["get", `${server.url}/x`, "-o", "sub/named.bin"], options), 0);
  assertEquals(await Deno.readFile(home.join("downloads/sub/named.bin")), bytesFor("/x", SIZE));

  const partly = await corehaul(["get", `${server.url}/good`, `${server.url}/missing`, "-d", "partly"], options);
  assertCode(partly, 1);
  assertMatch(partly.stderr, /missing: .*HTTP status 404/);
  assertEquals(await filesIn(home.join("partly")), ["good"]);
});

Deno.test("corehaul get leaves a foreign file alone, and names it", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  await home.write("downloads/mine.txt", "mine");
  const ended = await corehaul(["get", `${server.url}/mine.txt`], { cwd: home.path });
  assertCode(ended, 1);
  assertMatch(ended.stderr, /mine\.txt.*did not write/);
  assertEquals(await Deno.readTextFile(home.join("downloads/mine.txt")), "mine");
});

Deno.test("corehaul add, run, list and status work on one list", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  const urls = ["a", "b", "missing-1", "c"].map((name) => `${server.url}/${name}`);
  const added = await corehaul(["add", ...urls, "--queue", QUEUE], options);
  assertCode(added, 0);
  assertEquals(added.stdout, "4 added, 0 known already, 0 refused\n");
  const again = await corehaul(["add", urls[0]!, "not a url", "--queue", QUEUE, "--json"], options);
  assertCode(again, 1);
  assertEquals((jsonLines(again.stdout)[0]!.results as { type: string }[]).map(({ type }) => type), [
    "duplicate",
    "refused",
  ]);
  const status = async () => JSON.parse((await corehaul(["status", "--json", "--queue", QUEUE], options)).stdout);
  const none = { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, canceled: 0 };
  assertEquals(await status(), { counts: { ...none, waiting: 4 }, owners: [] });

  const run = await corehaul(["--once", "--queue", QUEUE], options);
  assertCode(run, 1);
  assertEquals(await status(), { counts: { ...none, done: 3, failed: 1 }, owners: [] });
  assertEquals(await filesIn(home.join("downloads")), ["a", "b", "c"]);
  const failed = await listedTasks(QUEUE, options, ["--status", "failed"]);
  assertEquals(failed.map(({ url, error }) => [url, error?.status]), [[urls[2], 404]]);
  assertEquals(await listedTasks(QUEUE, options, ["--status", "waiting"]), []);
  const table = await corehaul(["list", "--queue", QUEUE], options);
  assertEquals(table.stdout.trimEnd().split("\n").length, 4);
  assertMatch(table.stdout, /^t3 +failed +1 +missing-1 +http:.*HTTP status 404$/m);
  assertMatch((await corehaul(["status", "--queue", QUEUE], options)).stdout, /^failed +1$/m);
  // A 404 waits for the user: a new run does not ask again.
  assertCode(await corehaul(["run", "--once", "--queue", QUEUE], options), 1);
  assertEquals(server.hits("/missing-1"), 1);
});

Deno.test("corehaul takes checksums from entries, from --checksum and from --checksum-file, and list --json shows them", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  const sums = await Promise.all(["a", "b", "c", "d"].map((name) => sha256(`/${name}`)));
  const [a, b, c, d] = sums.map((sum) => sum.toHex());
  await home.write("SHA256SUMS", `${a} *a\n${b}  ./other/b\n${"0".repeat(64)}  d\n`);
  const entries = [
    { url: `${server.url}/a`, size: SIZE },
    { url: `${server.url}/b`, out: "other/b", headers: { "x-a": "b" } },
    { url: `${server.url}/c`, checksum: `SHA256:${sums[2]!.toBase64()}`, size: SIZE },
    { url: `${server.url}/d`, out: "e", checksum: `sha-256:${d}` },
  ];
  const expected = [["a", `sha-256:${a}`, SIZE], ["other/b", `sha-256:${b}`, undefined], ["c", `sha-256:${c}`, SIZE], [
    "e",
    `sha-256:${d}`,
    undefined,
  ]];
  const shown = async (queue: string) =>
    (await listedTasks(queue, options)).map(({ out, checksum, size }) => [out, checksum, size]);
  await home.write("tasks.json", JSON.stringify(entries));
  const more = ["--checksum-file", "SHA256SUMS", "--queue", QUEUE];
  assertCode(await corehaul(["add", "-i", "tasks.json", ...more], options), 0);
  assertEquals(await shown(QUEUE), expected);
  assertCode(await corehaul(["run", "--once", "--queue", QUEUE], options), 0);
  assertEquals(await shown(QUEUE), expected);
  assertEquals(await filesIn(home.join("downloads")), ["a", "c", "e", "other"]);

  const run = ["run", "--once", "--dir", "run", "--tasks", "tasks.json", "--checksum-file", "SHA256SUMS"];
  assertCode(await corehaul([...run, "--queue", "kv:run.db"], options), 0);
  assertEquals(await shown("kv:run.db"), expected);

  const one = ["add", `${server.url}/x`, "--checksum", `sha-256:${d!.toUpperCase()}`, "--queue", "kv:one.db"];
  assertCode(await corehaul(one, options), 0);
  assertEquals(await shown("kv:one.db"), [["x", `sha-256:${d}`, undefined]]);
});

Deno.test("corehaul says how many files have a checksum, and passes over lines of --checksum-file that are none", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  const [a, b] = (await Promise.all(["a", "b"].map((name) => sha256(`/${name}`)))).map((sum) => sum.toHex());
  const urls = ["a", "b", "c"].map((name) => `${server.url}/${name}`);
  await home.write("list.txt", urls.join("\n"));
  await home.write("SUMS", `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${a}  a\n${b}  b\nBLAKE2b (c) = 00\n`);
  // As long as digests of SHA-512, and other ones.
  await home.write("B2SUMS", urls.map((url) => `${"0".repeat(128)}  ${url.at(-1)}\n`).join(""));
  const commands = [
    ["add", "-i", "list.txt"],
    ["check", "list.txt"],
    ["get", ...urls],
    ["run", "--once", "--tasks", "list.txt", "--dir", "run"],
  ];
  for (const [index, command] of commands.entries()) {
    const queue = command[0] === "get" ? [] : ["--queue", `kv:${index}.db`];
    const two = await corehaul([...command, "--checksum-file", "SUMS", ...queue], options);
    assertCode(two, 0);
    const warnings = two.stderr.split("\n").filter((line) => line.startsWith("warning:"));
    assertEquals(warnings, [
      'warning: --checksum-file "SUMS": one line is no checksum of a known algorithm and is passed over: line 6, ' +
      '"BLAKE2b (c) = 00"; its signature is not checked',
      'warning: --checksum-file "SUMS": only the length of its digests says that they are sha-256: --checksum-algo names the ' +
      "algorithm, so does a name such as SHA256SUMS",
    ]);
    assertMatch(two.stderr, /\b2 of 3 files have a checksum\n/);
    const known = await corehaul(
      [...command, "--checksum-file", "SUMS", "--checksum-algo", "sha256", ...queue],
      options,
    );
    assertCode(known, 0);
    assertEquals(known.stderr.includes("only the length"), false);
    const other = command[0] === "get" ? ["--dir", "other"] : ["--queue", `kv:other${index}.db`];
    const none = await corehaul([...command, "--checksum-file", "B2SUMS", ...other], options);
    assertCode(none, 0);
    assertMatch(
      none.stderr,
      /^warning: (list.txt: )?0 of 3 files have a checksum: --checksum-file names none of them$/m,
    );
  }
});

Deno.test("corehaul get fails a file with another checksum, size or type than was asked for", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  await home.write("SHA256SUMS", `${"0".repeat(64)}  a\n`);
  await home.write("size.json", JSON.stringify([{ url: `${server.url}/a`, size: SIZE + 1 }]));
  const get = ["get", "--retries", "0", `${server.url}/a`];
  for (
    const args of [
      [...get, "--checksum", `sha-256:${"0".repeat(64)}`],
      [...get, "--checksum-file", "SHA256SUMS"],
      [...get, "--expect-type", "image/*"],
      ["get", "--retries", "0", "-i", "size.json"],
    ]
  ) {
    assertCode(await corehaul(args, options), 1);
    assertEquals(await filesIn(home.join("downloads")), []);
  }
  const right = ["--checksum", `sha-256:${(await sha256("/a")).toHex()}`, "--checksum-file", "SHA256SUMS"];
  assertCode(await corehaul([...get, ...right], options), 0);
  assertEquals(await filesIn(home.join("downloads")), ["a"]);
});

Deno.test("corehaul add puts tasks on the list of a process that runs, and status shows who it is", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path };
  await using run = await Corehaul.start(["run", "--queue", QUEUE, "--json"], options);
  await run.until("the workers", () => run.events("proc_started").length >= 2);
  assertCode(await corehaul(["add", `${server.url}/late`, "--queue", QUEUE], options), 0);
  await run.until("the file", () => run.events("task_done").length === 1);
  const { owners } = JSON.parse((await corehaul(["status", "--json", "--queue", QUEUE], options)).stdout);
  assertEquals(owners.map(({ pid }: { pid: number }) => pid), [run.pid]);
  const plain = await corehaul(["status", "--queue", QUEUE], options);
  assertMatch(plain.stdout, new RegExp(`alive on .*pid ${run.pid}, cores `));
  run.kill("SIGINT");
  assertCode(await run.ended(), 0);
});

Deno.test("corehaul keeps its list where it was started, and reads code_tasks.json there", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  await home.write("code_tasks.json", JSON.stringify([{ url: `${server.url}/default` }]));
  assertCode(await corehaul(["75", "--once"], { cwd: home.path }), 0);
  assertEquals(await home.names(), [".corehaul", "code_tasks.json", "downloads"]);
  assertEquals(await filesIn(home.join("downloads")), ["default"]);
  assertEquals((await listedTasks("kv:.corehaul/queue.db", { cwd: home.path })).length, 1);
});

Deno.test("corehaul doctor says what the machine allows", async () => {
  await using home = await TempDir.create();
  const plain = await corehaul(["doctor"], { cwd: home.path });
  assertCode(plain, 0);
  for (const name of ["deno", "kv", "cores", "quota", "layout", "pinning", "folder", "list", "queue"]) {
    assertMatch(plain.stdout, new RegExp(`^ok +${name} `, "m"));
  }
  const json = await corehaul(["doctor", "--json"], { cwd: home.path });
  assert(jsonLines(json.stdout).every(({ ok }) => ok === true));
  assertEquals(await home.names(), []);
});

Deno.test("corehaul doctor finds a download folder and a list that cannot be written", async () => {
  await using home = await TempDir.create();
  // Nobody may make files there, not even root.
  const bad = async (...args: string[]) => {
    const { code, stdout } = await corehaul(["doctor", "--json", ...args], { cwd: home.path });
    assertEquals(code, 1, stdout);
    return jsonLines(stdout).filter(({ ok }) => ok === false).map(({ name }) => name);
  };
  assertEquals(await bad("--dir", "/proc/files"), ["folder"]);
  assertEquals(await bad("--dir", "/dev/null/files"), ["folder"]);
  assertEquals(await bad("--queue", "kv:/proc/lists/queue.db"), ["list"]);
  assertEquals(await bad("--dir", "/proc", "--queue", "kv:/proc/queue.db"), ["folder", "list"]);
  assertCode(await corehaul(["add", "http://127.0.0.1:1/a"], { cwd: home.path }), 0);
  assertCode(await corehaul(["doctor", "--dir", "files"], { cwd: home.path }), 0);
  assertEquals(await home.names(), [".corehaul"]);
});

Deno.test("corehaul --json prints one event a line, and the summary at the end", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const urls = ["a", "b", "missing"].map((name) => `${server.url}/${name}`);
  const ended = await corehaul(["get", ...urls, "--json"], { cwd: home.path });
  assertCode(ended, 1);
  const events = jsonLines(ended.stdout);
  const summary = events.pop()!;
  assertEquals(
    [summary.type, summary.end, summary.done, summary.failed, summary.retried, summary.bytes],
    ["summary", "settled", 2, 1, 0, 2 * SIZE],
  );
  assertEquals((summary.counts as { done: number }).done, 2);
  assert((summary.cores as { done: number }[]).reduce((sum, core) => sum + core.done, 0) === 2);
  const seqs = events.map(({ seq }) => seq as number);
  assertEquals(seqs, [...seqs].sort((a, b) => a - b));
  const done = events.filter(({ type }) => type === "task_done");
  assertEquals(done.map(({ url, out, bytes, attempts }) => ({ url, out, bytes, attempts })).sort(byOut), [
    { url: urls[0], out: "a", bytes: SIZE, attempts: 1 },
    { url: urls[1], out: "b", bytes: SIZE, attempts: 1 },
  ]);
  const [failed] = events.filter(({ type }) => type === "task_failed");
  assertEquals([failed?.url, (failed?.error as { status: number }).status], [urls[2], 404]);
});

Deno.test("corehaul get counts the entries that it refuses, and its --json names them", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const json = await corehaul(["get", "/bad", `${server.url}/ok`, "--json"], { cwd: home.path });
  assertCode(json, 1);
  const events = jsonLines(json.stdout);
  assertEquals(events.filter(({ type }) => type === "entry_refused").map(({ index, field }) => [index, field]), [
    [0, "url"],
  ]);
  assertEquals(events.filter(({ type }) => type === "tasks_added").map(({ added }) => added), [1]);
  assertEquals([events.at(-1)!.type, events.at(-1)!.refused, events.at(-1)!.done], ["summary", 1, 1]);
  const text = await corehaul(["get", "/bad", `${server.url}/ok`], { cwd: home.path });
  assertCode(text, 1);
  assertMatch(text.stdout, /^0 retries, 0 failures, 1 entries refused$/m);
});

Deno.test("corehaul shows no password of a url and no value of a header", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const url = `${server.url.replace("//", "//user:hunter2@")}/private`;
  await home.write("list.json", JSON.stringify([{ url, mirrors: [`${url}-too`], headers: { "x-key": "hunter2" } }]));
  const options = { cwd: home.path };
  const outputs = [
    await corehaul(["add", "-i", "list.json", "--queue", QUEUE, "--json", "--log-level", "debug"], options),
    await corehaul(["run", "--once", "--queue", QUEUE, "--json", "--log-level", "debug"], options),
    await corehaul(["list", "--queue", QUEUE, "--json"], options),
    await corehaul(["list", "--queue", QUEUE], options),
    await corehaul(["why", "t1", "--queue", QUEUE, "--json"], options),
    await corehaul(["why", "t1", "--queue", QUEUE], options),
  ];
  for (const ended of outputs) {
    assertCode(ended, 0);
    assert(!(ended.stdout + ended.stderr).includes("hunter2"), ended.stdout + ended.stderr);
  }
  assertEquals(server.requests[0]?.headers.get("authorization"), `Basic ${btoa("user:hunter2")}`);
  assertEquals(server.requests[0]?.headers.get("x-key"), "hunter2");
  const manifest = join("downloads", ".corehaul", "manifest");
  for await (const { name } of Deno.readDir(home.join(manifest))) {
    assert(!(await Deno.readTextFile(home.join(manifest, name))).includes("hunter2"));
  }
});

async function sha256(path: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytesFor(path, SIZE)));
}

function byOut(a: { out: unknown }, b: { out: unknown }): number {
  return String(a.out) < String(b.out) ? -1 : 1;
}

Deno.test("corehaul names files as --name-template says, whether they are added, fetched or read from a task file", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  const template = ["--name-template", "{host}/{path}/{stem}-x{ext}"];
  const urls = ["a/b/one.bin", "a/two.bin", "three.bin"].map((path) => `${server.url}/${path}`);
  await home.write("tasks.txt", `${urls[0]}\n`);
  const queue = ["--queue", "kv:list.db"];
  assertCode(await corehaul(["add", urls[1]!, ...queue, ...template], { cwd: home.path }), 0);
  const run = ["run", "--once", "--tasks", "tasks.txt", ...queue, "--dir", "files", ...template];
  assertCode(await corehaul(run, { cwd: home.path }), 0);
  assertCode(await corehaul(["get", urls[2]!, "-d", "files", ...template], { cwd: home.path }), 0);
  for (
    const [out, path] of [["a/b/one-x.bin", "/a/b/one.bin"], ["a/two-x.bin", "/a/two.bin"], [
      "three-x.bin",
      "/three.bin",
    ]]
  ) {
    assertEquals(await Deno.readFile(home.join(`files/127.0.0.1/${out}`)), bytesFor(path!, 100));
  }
});

Deno.test("corehaul takes a Metalink document wherever it takes a list, with its mirrors and digests", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path === "/gone" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 5000))
  );
  const digest = hash("sha256", bytesFor("/good", 5000), "hex");
  await home.write(
    "list.meta4",
    `<?xml version="1.0"?><metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="sub/a.bin"><size>5000</size>
    <hash type="sha-256">${digest}</hash><url priority="1">${server.url}/gone</url>
    <url priority="3">${server.url}/good</url><url priority="2">${server.url}/wrong</url></file></metalink>`,
  );
  const run = ["run", "--once", "--tasks", "list.meta4", "--dir", "run", "--queue", "kv:list.db"];
  assertCode(await corehaul(run, { cwd: home.path }), 0);
  assertCode(await corehaul(["get", "-i", "list.meta4", "-d", "get"], { cwd: home.path }), 0);
  for (const dir of ["run", "get"]) {
    assertEquals(await Deno.readFile(home.join(`${dir}/sub/a.bin`)), bytesFor("/good", 5000));
  }
  // Wrong bytes are not asked for again where another mirror has the right ones.
  assertEquals([server.hits("/gone"), server.hits("/wrong"), server.hits("/good")], [2, 2, 2]);
});
