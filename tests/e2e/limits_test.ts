/** Limits that hold over all workers. */
import { assert, assertEquals } from "@std/assert";
import { assertCode } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

testClients("corehaul keeps to --limit-rate over all workers", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 300_000)));
  const entries = Array.from({ length: 20 }, (_, i) => `${server.url}/${i}`);
  const more = ["--limit-rate", "2M", "--workers", "2", "--concurrency", "4", "--cpu-threshold", "100"];
  const { ended, tasks, ms } = await runOnce(home, client, entries, more);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, 300_000));
  // Six million bytes; a burst and the last piece of each of eight slots come free.
  assert(ms / 1000 > (6_000_000 - 8 * 300_000) / 2_097_152, `${ms} ms`);
});

testClients("corehaul refuses larger files than --max-size, and does not ask again", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, path === "/big" ? 200_000 : 10)));
  const { ended, tasks } = await runOnce(home, client, [`${server.url}/big`, `${server.url}/small`], [
    "--max-size",
    "100K",
  ]);
  assertCode(ended, 1);
  assertEquals(tasks.map(({ status }) => status).sort(), ["done", "failed"]);
  assertEquals(server.requests.length, 2);
});
