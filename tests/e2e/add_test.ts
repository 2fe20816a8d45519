/** Long lists on the command line: they are read piece by piece. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const MANY = 1800;
const BAD = 1234;

function lines(url: string): string {
  return Array.from({ length: MANY }, (_, i) => i === BAD ? "not a url" : `${url}/${i}`).join("\n");
}

shareCommandProcesses();

Deno.test("corehaul add takes a long list in batches, and names a bad entry by its place among all", async () => {
  await using home = await TempDir.create();
  const run = (more: string[], stdin?: string) =>
    corehaul(["add", "--queue", QUEUE, ...more], { cwd: home.path, ...(stdin === undefined ? {} : { stdin }) });
  await home.write("urls.txt", lines("http://127.0.0.1:1"));
  const added = await run(["http://127.0.0.1:1/first", "-i", "urls.txt"]);
  assertCode(added, 1);
  assertMatch(added.stderr, new RegExp(`entry ${BAD + 1} is not taken: url .*"not a url"`));
  assertEquals(added.stdout, `${MANY} added, 0 known already, 1 refused\n`);
  const again = await run(["-i", "-", "--json"], lines("http://127.0.0.1:1"));
  const results = jsonLines(again.stdout).flatMap(({ results }) => results as { type: string }[]);
  assertEquals(results.length, MANY);
  assertEquals(results.map(({ type }) => type).filter((type) => type !== "duplicate"), ["refused"]);
});

Deno.test("corehaul add takes nothing of a file that is not valid, and says what it took of such an input", async () => {
  await using home = await TempDir.create();
  const torn = `[${Array.from({ length: MANY }, (_, i) => `"http://127.0.0.1:1/${i}"`).join(",\n")}`;
  await home.write("torn.json", torn);
  const file = await corehaul(["add", "--queue", QUEUE, "-i", "torn.json"], { cwd: home.path });
  assertCode(file, 2);
  assertMatch(file.stderr, /1800.*\] is missing/);
  assertCode(await corehaul(["list", "--queue", QUEUE], { cwd: home.path }), 3);
  const input = await corehaul(["add", "--queue", QUEUE, "-i", "-"], { cwd: home.path, stdin: torn });
  assertCode(input, 2);
  assertMatch(input.stderr, /1800.*\] is missing/);
  const taken = Number(/^(\d+) added/.exec(input.stdout)?.[1]);
  assert(taken > 0 && taken < MANY, input.stdout);
  assertEquals((await listedTasks(QUEUE, { cwd: home.path })).length, taken);
  const missing = await corehaul(["add", "--queue", QUEUE, "-i", "none.json"], { cwd: home.path });
  assertCode(missing, 2);
  assertMatch(
    missing.stderr,
    /Cannot use --input as it must be a file that can be read: current value is "none\.json"/,
  );
});

Deno.test("corehaul get takes a long list in batches, and a table from standard input", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 20)));
  await home.write("urls.txt", lines(server.url));
  const ended = await corehaul(["get", "-d", "files", "-i", "urls.txt", "--json"], { cwd: home.path });
  assertCode(ended, 1);
  assertMatch(ended.stderr, new RegExp(`entry ${BAD} is not taken: url .*"not a url"`));
  assertEquals((await filesIn(home.join("files"))).length, MANY - 1);
  const table = `url;out\n${server.url}/x;renamed\n`;
  assertCode(await corehaul(["get", "-d", "more", "-i", "-"], { cwd: home.path, stdin: table }), 0);
  assertEquals(await filesIn(home.join("more")), ["renamed"]);
});

Deno.test("corehaul add and get take the urls of every --input, and nothing at all if one of them is wrong", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 20)));
  const options = { cwd: home.path, stdin: `${server.url}/d\n` };
  await home.write("a.txt", `${server.url}/a\n${server.url}/b\n`);
  await home.write("c.json", JSON.stringify([{ url: `${server.url}/c` }]));
  await home.write("many.txt", lines(server.url));
  await home.write("half.json", '[\n  { "url": ');
  const input = ["-i", "a.txt", "--input", "-", "-i", "c.json"];
  const added = await corehaul(["add", "--queue", QUEUE, ...input], options);
  assertCode(added, 0);
  assertEquals(added.stdout, "4 added, 0 known already, 0 refused\n");
  const tasks = await listedTasks(QUEUE, { cwd: home.path });
  assertEquals(tasks.map(({ url }) => new URL(url).pathname), ["/a", "/b", "/d", "/c"]);
  assertCode(await corehaul(["get", "-d", "files", ...input], options), 0);
  assertEquals(await filesIn(home.join("files")), ["a", "b", "c", "d"]);

  const before = await home.names();
  const wrong = ["add", "--queue", "kv:other.db", "-i", "many.txt", "-i", "half.json"];
  const refused = await corehaul(wrong, options);
  assertCode(refused, 2);
  assertMatch(refused.stderr, /--input .*"half\.json" \(line 2, column \d+: /);
  const twice = await corehaul(["add", "--queue", "kv:other.db", "-i", "-", "-i", "-"], options);
  assertCode(twice, 2);
  assertMatch(twice.stderr, /--input .* given twice/);
  assertEquals(await home.names(), before);
});
