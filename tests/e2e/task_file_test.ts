/** The task file: its forms, its faults, and how it is watched. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertWhole, filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const SIZE = 5000;

function serve(): FaultServer {
  return FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
}

const FORMS: [name: string, write: (url: string) => string][] = [
  ["a JSON array", (url) => JSON.stringify([{ url: `${url}/a` }, `${url}/b`, { url: `${url}/c`, out: "sub/other" }])],
  [
    "JSON Lines",
    (url) => `{"url": "${url}/a"}\n\n{"url": "${url}/b"}\n{"url": "${url}/c", "out": "sub/other"}`,
  ],
  ["a list of urls", (url) => `# three files\n${url}/a\n\n  ${url}/b\r\n${url}/c`],
  [
    "a sitemap",
    (url) => `<urlset>${["a", "b", "c"].map((name) => `<url><loc>${url}/${name}</loc></url>`).join("")}</urlset>`,
  ],
  ["JSON values in a row, with comments", (url) => `// three\n{\n "url": "${url}/a"\n}\n"${url}/b" "${url}/c"\n`],
  ["a JSON array with a byte order mark", (url) => `\ufeff[{"url": "${url}/a"}, "${url}/b", "${url}/c"]\n`],
];

shareCommandProcesses();

Deno.test("corehaul run reads a task file in each of its forms", async (t) => {
  for (const [name, write] of FORMS) {
    await t.step(name, async () => {
      await using home = await TempDir.create();
      await using server = serve();
      await home.write("tasks", write(server.url));
      const args = ["run", "--once", "--tasks", "tasks", "--dir", "files", "--queue", QUEUE];
      assertCode(await corehaul(args, { cwd: home.path }), 0);
      const tasks = await listedTasks(QUEUE, { cwd: home.path });
      assertEquals(tasks.length, 3);
      await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
      const outs = tasks.map(({ out }) => out).sort();
      assertEquals(outs, ["a", "b", write("").includes("sub/other") ? "sub/other" : "c"]);
    });
  }
});

Deno.test("corehaul run waits for a missing task file, reports a torn one once, and takes the next valid one", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const args = ["run", "--tasks", "lists/tasks.json", "--dir", "files", "--queue", QUEUE, "--json"];
  await using run = await Corehaul.start(args, { cwd: home.path });
  await run.until("the missing file", () => run.events("tasks_missing").length > 0);

  // The folder of the file comes as late as the file itself.
  const torn = `[\n  { "url": "${server.url}/a" },\n  { "url": "${server.url}/b" },\n  { "url": "${server.url}`;
  await home.write("lists/tasks.json", torn);
  await run.until("the report", () => run.events("tasks_invalid").length > 0);
  const [invalid] = run.events("tasks_invalid");
  assertEquals(invalid?.line, 4);
  assertEquals(invalid?.column, torn.split("\n").at(-1)!.length + 1);
  // The same fault again, by another write, is no news.
  await home.write("lists/tasks.json", torn);

  await home.write("lists/tasks.json", `${torn}/c" }\n]\n`);
  await run.until("three files", () => run.events("task_done").length === 3);
  assertEquals(run.events("tasks_invalid").length, 1);
  // They came together: not two of them before.
  assertEquals(run.events("tasks_added").map(({ added }) => added), [3]);

  await home.replace("lists/tasks.json", `[{ "url": "${server.url}/a" }, oops]`);
  await run.until("the second report", () => run.events("tasks_invalid").length > 1);
  assertEquals(run.events("tasks_invalid").map(({ line, column }) => [line, column]).at(-1), [
    1,
    `[{ "url": "${server.url}/a" }, o`.length,
  ]);
  await Deno.remove(home.join("lists/tasks.json"));
  await run.until("the file is missing again", () => run.events("tasks_missing").length > 1);
  await home.replace("lists/tasks.json", `["${server.url}/d", "${server.url}/a"]`);
  await run.until("the fourth file", () => run.events("task_done").length === 4);

  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(server.requests.length, 4);
  assertEquals(await filesIn(home.join("files")), ["a", "b", "c", "d"]);
});

Deno.test("corehaul run names index and field of a bad entry, and goes on with the good ones", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const entries = [
    { url: `${server.url}/good-0` },
    { url: "not a url" },
    { url: `${server.url}/x`, prioirty: 3 },
    { url: `${server.url}/x`, priority: "high" },
    { url: `${server.url}/x`, out: "../escape" },
    { url: `${server.url}/x`, out: "/etc/escape" },
    { url: `${server.url}/x`, headers: { "Bad Name": "x" } },
    { out: "no-url" },
    42,
    { url: `${server.url}/good-9`, priority: 5, headers: { "X-Test": "yes" } },
  ];
  await home.write("tasks.json", JSON.stringify(entries));
  const args = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--json"];
  await using run = await Corehaul.start(args, { cwd: home.path });
  const ended = await run.ended();
  assertCode(ended, 1);
  const refused = run.events("entry_refused").map(({ index, field }) => [index, field] as [number, string]);
  assertEquals(refused.sort(([a], [b]) => a - b), [
    [1, "url"],
    [2, "prioirty"],
    [3, "priority"],
    [4, "out"],
    [5, "out"],
    [6, "headers.Bad Name"],
    [7, "url"],
    [8, "entry"],
  ]);
  assertMatch(ended.stderr, /tasks\.json:1: entry 1 is not taken: url .*"not a url"/);
  assertEquals(await filesIn(home.join("files")), ["good-0", "good-9"]);
  assertEquals(server.requests.find(({ path }) => path === "/good-9")?.headers.get("x-test"), "yes");
  const summary = run.events("summary")[0]!;
  assertEquals([summary.done, summary.failed, summary.refused], [2, 0, 8]);
});

Deno.test("corehaul run --once on a torn task file says where and ends with 1", async () => {
  await using home = await TempDir.create();
  await home.write("tasks.json", '[\n  { "url": "http://127.0.0.1:1/a" },');
  const ended = await corehaul(["run", "--once", "--tasks", "tasks.json", "--queue", QUEUE], { cwd: home.path });
  assertCode(ended, 1);
  assertMatch(ended.stderr, /tasks\.json:2:37: the task file is not valid/);
  assertEquals(await listedTasks(QUEUE, { cwd: home.path }), []);
});

Deno.test("corehaul run takes higher priorities first", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const entries = [0, 7, -3, 7, 0].map((priority, i) => ({ url: `${server.url}/${priority}-${i}`, priority }));
  await home.write("tasks.json", JSON.stringify(entries));
  const added = await corehaul(["add", "-i", "tasks.json", "--queue", QUEUE], { cwd: home.path });
  assertCode(added, 0);
  const args = ["run", "--once", "--dir", "files", "--queue", QUEUE, "--workers", "1", "--concurrency", "1"];
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(server.requests.map(({ path }) => path), ["/7-1", "/7-3", "/0-0", "/0-4", "/-3-2"]);
});

Deno.test("corehaul run takes lines that a program appends to a list of urls, and none of them half", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const list = await home.write("tasks.txt", `${server.url}/file-1\n`);
  const args = ["run", "--tasks", "tasks.txt", "--dir", "files", "--queue", QUEUE, "--json"];
  await using run = await Corehaul.start(args, { cwd: home.path });
  await run.until("the first file", () => run.events("task_done").length === 1);
  const rest = `${server.url}/file-22\n${server.url}/file-333\n`;
  for (let from = 0; from < rest.length; from += 7) {
    await Deno.writeTextFile(list, rest.slice(from, from + 7), { append: true });
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  await run.until("the other files", () => run.events("task_done").length >= 3);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(server.requests.map(({ path }) => path).sort(), ["/file-1", "/file-22", "/file-333"]);
  assert(run.events("entry_refused").length === 0);
});

Deno.test("corehaul run names a bad entry once, however often its neighbours change", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const args = ["run", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--json"];
  await home.write("tasks.json", JSON.stringify(["not a url", `${server.url}/0`]));
  await using run = await Corehaul.start(args, { cwd: home.path });
  for (const last of [1, 2]) {
    await run.until(`file ${last}`, () => run.events("task_done").length === last);
    const urls = Array.from({ length: last + 1 }, (_, i) => `${server.url}/${i}`);
    await home.write("tasks.json", JSON.stringify(["not a url", ...urls]));
  }
  await run.until("the last file", () => run.events("task_done").length === 3);
  run.kill("SIGTERM");
  assertCode(await run.ended(), 0);
  assertEquals(run.events("entry_refused").map(({ index }) => index), [0]);
});
