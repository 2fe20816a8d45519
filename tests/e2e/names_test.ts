/** Names that servers give, from the list to the log. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Downloader } from "../../mod.ts";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, type FaultRequest, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole, filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 100_000;
const QUEUE = "kv:queue.db";

function disposition(name: string): Record<string, string> {
  return { "content-disposition": `attachment; filename="${name}"` };
}

/**
 * `/dl/NAME` is called NAME by its field, `/same/ANYTHING` report.pdf, and `/to/NAME` leads to
 * v2-NAME; the rest is called what it is.
 */
function answer({ path }: FaultRequest): Response {
  const [, how, name = ""] = path.split("/");
  if (how === "to") return new Response(null, { status: 302, headers: { location: `/files/v2-${name}` } });
  return new Response(bytesFor(path, SIZE), {
    headers: how === "dl" ? disposition(name) : how === "same" ? disposition("report.pdf") : {},
  });
}

shareCommandProcesses(2);

testClients(
  "corehaul run calls files as their servers do, in the list, the events and the manifest",
  async (client) => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(answer);
    const { url } = server;
    const entries = [
      `${url}/same/download?x=1`,
      `${url}/to/tool.zip`,
      `${url}/plain.txt`,
      `${url}/dl/same.txt`,
      { url: `${url}/dl/other.pdf`, out: "sub/mine.pdf" },
      { url: `${url}/to/else.zip`, out: "else" },
    ];
    const { ended, tasks } = await runOnce(home, client, entries);
    assertCode(ended, 0);
    const outs = ["else", "plain.txt", "report.pdf", "same.txt", "sub/mine.pdf", "v2-tool.zip"];
    assertEquals(tasks.map((task) => task.out).sort(), outs);
    assertEquals(jsonLines(ended.stdout).filter(({ type }) => type === "task_done").map(({ out }) => out).sort(), outs);
    const redirected = (path: string) => path.replace("/to/", "/files/v2-");
    await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(redirected(pathname), SIZE));
    assertEquals(await filesIn(home.join("files")), [
      "else",
      "plain.txt",
      "report.pdf",
      "same.txt",
      "sub",
      "v2-tool.zip",
    ]);
    const lines: string[] = [];
    for await (const { name } of Deno.readDir(home.join("files/.corehaul/manifest"))) {
      lines.push(...(await Deno.readTextFile(home.join("files/.corehaul/manifest", name))).trim().split("\n"));
    }
    assertEquals(lines.map((line) => JSON.parse(line).out).sort(), outs);
    // The same list once more adds nothing and asks for nothing.
    const before = server.requests.length;
    const again = await runOnce(home, client, entries);
    assertCode(again.ended, 0);
    assertEquals([again.tasks.length, server.requests.length], [6, before]);
    assertEquals(jsonLines(again.ended.stdout).filter(({ type }) => type === "tasks_added"), []);
  },
);

testClients("corehaul run tells once, and in the manifest, which names could not be those of files", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(answer);
  const { url } = server;
  const long = `${"a".repeat(200)}.tar.gz`;
  const kept = `${"a".repeat(168)}.gz`;
  const entries = [`${url}/dl/.htaccess`, `${url}/a:b`, `${url}/to/foo.part`, `${url}/${long}`, `${url}/plain.txt`];
  const { ended } = await runOnce(home, client, entries);
  assertCode(ended, 0);
  const names: [out: string, original?: string][] = [
    ["_htaccess", ".htaccess"],
    ["a_b", "a:b"],
    [kept, long],
    ["plain.txt"],
    ["v2-foo.part_", "v2-foo.part"],
  ];
  const told = (records: Record<string, unknown>[]) =>
    records.map(({ out, originalName: name }) => name === undefined ? [out] : [out, name]).sort();
  assertEquals(told(jsonLines(ended.stdout).filter(({ type }) => type === "task_done")), names.sort());
  const manifest = await corehaul(["manifest", "--dir", "files", "--json"], { cwd: home.path });
  assertEquals(told(jsonLines(manifest.stdout)), names);
  for (const [out, original] of names) {
    const lines = ended.stderr.split("\n").filter((line) => line.includes("at its server") && line.includes(out));
    assertEquals(lines.length, original === undefined ? 0 : 1, ended.stderr);
    if (original !== undefined) assert(lines[0]!.startsWith(`${out} is called "${original}" at its server`), lines[0]);
  }
  const again = await runOnce(home, client, entries);
  assert(!again.ended.stderr.includes("at its server"), again.ended.stderr);
});

testClients("corehaul get tells the name in its log, and fetches nothing twice when it runs again", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(() =>
    new Response(bytesFor("x", SIZE), {
      headers: { "content-disposition": "attachment; filename=r.pdf; filename*=UTF-8''%e6%8a%a5%e5%91%8a.pdf" },
    })
  );
  const args = ["get", `${server.url}/download?id=3`, "-d", "files", "--http-client", client, "--json"];
  const first = await corehaul(args, { cwd: home.path });
  assertCode(first, 0);
  assertMatch(first.stderr, /Heave-ho, 报告\.pdf is hauled!/);
  assertEquals(await filesIn(home.join("files")), ["报告.pdf"]);
  const second = await corehaul(args, { cwd: home.path });
  assertCode(second, 0);
  const summary = jsonLines(second.stdout).find(({ type }) => type === "summary");
  assertEquals([summary?.done, summary?.bytes], [1, 0]);
  assertEquals(await filesIn(home.join("files")), ["报告.pdf"]);
});

Deno.test("Downloader tells the learned names in events, tasks and results", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(answer);
  const entries = [`${server.url}/same/1`, `${server.url}/to/tool.zip`, {
    url: `${server.url}/dl/x`,
    out: "mine",
  }];
  await using downloader = await Downloader.open({ directory: home.join("files"), workers: 2 });
  const events = downloader.events();
  const added = await downloader.add([...entries, `${server.url}/same/2`]);
  assertEquals(added.map((result) => result.type), ["added", "added", "added", "added"]);
  await downloader.run({ once: true });
  const told = new Map<string, string>();
  for await (const event of events) {
    if (event.type === "task_done") told.set(event.id, event.out);
    if (told.size === 4) break;
  }
  const { tasks } = await downloader.list();
  for (const { id, out } of tasks) assertEquals(told.get(id), out);
  const outs = tasks.map((task) => task.out).sort();
  // Two are called report.pdf by their server.
  assertMatch(outs.join(" "), /^mine report\.[0-9a-f]{8}\.pdf report\.pdf v2-tool\.zip$/);
  assertEquals(await filesIn(home.join("files")), outs);
  const again = await downloader.add(entries);
  assertEquals(again.map((result) => result.type), ["duplicate", "duplicate", "duplicate"]);
  for (const result of again) assert(result.type === "duplicate" && result.out === told.get(result.id));
});

testClients("corehaul get keeps the names of --out and --name-template, whatever the server says", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(answer);
  const common = ["-d", "files", "--http-client", client];
  const chosen = await corehaul(["get", `${server.url}/same/1`, "-o", "mine.pdf", ...common], {
    cwd: home.path,
  });
  assertCode(chosen, 0);
  const made = await corehaul(["get", `${server.url}/to/tool.zip`, "--name-template", "by/{name}.1", ...common], {
    cwd: home.path,
  });
  assertCode(made, 0);
  assertEquals(await filesIn(home.join("files")), ["by", "mine.pdf"]);
  assertEquals(await filesIn(home.join("files/by")), ["tool.zip.1"]);
});

testClients(
  "corehaul gives one name to one of many files, in two processes with three workers each",
  async (client) => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) =>
      new Response(bytesFor(path, 5000), { headers: disposition(`same${Number(path.slice(1)) % 4}.bin`) })
    );
    const urls = Array.from({ length: 200 }, (_, i) => `${server.url}/${i}`);
    await home.write("tasks.txt", urls.join("\n") + "\n");
    const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", QUEUE, "--workers", "3"];
    const run = () => corehaul([...args, "--no-pin", "--http-client", client], { cwd: home.path });
    for (const ended of await Promise.all([run(), run()])) assertCode(ended, 0);
    const tasks = await listedTasks(QUEUE, { cwd: home.path });
    assertEquals(tasks.length, urls.length);
    await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, 5000));
    const outs = tasks.map((task) => task.out).sort();
    assertEquals(await filesIn(home.join("files")), outs);
    assertEquals(new Set(outs).size, urls.length);
    for (const n of [0, 1, 2, 3]) assert(outs.includes(`same${n}.bin`));
    for (const out of outs) assertMatch(out, /^same\d(\.[0-9a-f]{8})?\.bin$/);
    assertEquals(server.requests.length, urls.length);
  },
);

testClients("corehaul run goes on at its byte under the learned name after SIGKILL", async (client) => {
  await using home = await TempDir.create();
  const file = new RemoteFile({ length: 5_000_000, headers: disposition("large.bin") });
  let hold = true;
  await using server = FaultServer.start((request, server) => {
    const answer = file.answer(request);
    if (request.nth > 1) return answer;
    const content = file.content();
    let sent = false;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent) await server.hold(() => !hold);
        controller.enqueue(sent ? content.slice(2_000_000) : content.slice(0, 2_000_000));
        if (sent) controller.close();
        sent = true;
      },
    }, { highWaterMark: 0 });
    return new Response(stream, { headers: answer.headers });
  });
  const entries = [`${server.url}/download`];
  await home.write("tasks.json", JSON.stringify(entries));
  const args = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--http-client", client];
  await using first = await Corehaul.start(args, { cwd: home.path });
  await first.until("a part under the learned name", async () => {
    const info = await Deno.stat(home.join("files/large.bin.part")).catch(() => undefined);
    return info !== undefined && info.size >= 2_000_000;
  });
  first.kill("SIGKILL");
  await first.ended();
  hold = false;
  assertEquals((await listedTasks(QUEUE, { cwd: home.path })).map((task) => task.out), ["large.bin"]);
  const { ended, tasks } = await runOnce(home, client, entries);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), () => file.content());
  assertEquals(await filesIn(home.join("files")), ["large.bin"]);
  assertEquals(server.requests.map(({ headers }) => headers.get("range")), [null, "bytes=2000000-"]);
});

Deno.test("corehaul get stores a file under a name of 255 bytes, and refuses a longer one before it asks", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(answer);
  const out = `sub/${"文".repeat(84)}.gz`;
  assertCode(await corehaul(["get", `${server.url}/long`, "--out", out, "--dir", "files"], { cwd: home.path }), 0);
  assertEquals(await Deno.readFile(home.join("files", out)), bytesFor("/long", SIZE));
  const long = await corehaul(["get", `${server.url}/long`, "--out", `${out}x`, "--dir", "files"], { cwd: home.path });
  assertCode(long, 2);
  assertMatch(long.stderr, /must have segments of at most 255 bytes/);
  assertEquals(server.requests.length, 1);
});
