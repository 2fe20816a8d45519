/** What is settled can be forgotten, and is not fetched again for that. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = ["--queue", "kv:queue.db"];

Deno.test("corehaul gc forgets what is settled, and the same list makes no request after it", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path === "/bad" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 1000))
  );
  const options = { cwd: home.path };
  const names = [...Array.from({ length: 30 }, (_, i) => `f${i}`), "bad"];
  await home.write("code_tasks.json", JSON.stringify(names.map((name) => `${server.url}/${name}`)));
  const run = ["run", "--once", "--dir", "files", ...QUEUE];
  assertCode(await corehaul(run, options), 1);
  const gc = async (...more: string[]) => (await corehaul(["gc", ...more, ...QUEUE], options)).stdout;
  assertEquals(await gc("--keep", "1h"), "0 tasks forgotten\n");
  assertEquals(await gc("--keep", "0", "--dry-run"), "30 tasks would be forgotten\n");
  assertEquals((await listedTasks("kv:queue.db", options)).length, 31);
  assertEquals(await gc("--keep", "0"), "30 tasks forgotten\n");
  assertEquals((await listedTasks("kv:queue.db", options)).map(({ status }) => status), ["failed"]);
  assertEquals(await gc("--keep", "0", "--failed", "--json"), '{"type":"gc","touched":1,"dryRun":false}\n');
  const before = server.requests.length;
  assertCode(await corehaul(run, options), 1);
  // They are new tasks, whose files are there: only the one that has none is asked for.
  assertEquals(server.requests.slice(before).map(({ path }) => path), ["/bad"]);
  const counts = JSON.parse((await corehaul(["status", "--json", ...QUEUE], options)).stdout).counts;
  assertEquals([counts.done, counts.failed], [30, 1]);
  const vague = await corehaul(["gc", ...QUEUE], options);
  assertCode(vague, 2);
  assertMatch(vague.stderr, /corehaul gc needs --keep/);
  assertCode(await corehaul(["gc", "--keep", "soon", ...QUEUE], options), 2);
});

Deno.test("corehaul gc makes room that the list uses again", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const add = async (round: number) => {
    const urls = Array.from(
      { length: 5000 },
      (_, i) => `http://h.example/round${round}/files/${i}/with/a/longer/path.bin\n`,
    );
    await home.write("list.txt", urls.join(""));
    assertCode(await corehaul(["add", "-i", "list.txt", "--name-template", "{path}/{name}", ...QUEUE], options), 0);
    assertCode(await corehaul(["cancel", "--all", ...QUEUE], options), 0);
    assertEquals((await corehaul(["gc", "--keep", "0", ...QUEUE], options)).stdout, "5000 tasks forgotten\n");
    return (await Deno.stat(home.join("queue.db"))).size;
  };
  const first = await add(0);
  let last = first;
  for (let round = 1; round < 4; round++) last = await add(round);
  assert(last < first * 1.5, `${first} bytes, then ${last}`);
});
