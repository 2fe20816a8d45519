/** Processes that die: what their files had got counts, and nobody fails for what others did. */
import { assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const STEP = 200_000;
/** One more than a task survives without progress. */
const KILLS = 6;
const LENGTH = 2_000_000;

shareCommandProcesses();

Deno.test(`corehaul run goes on with a file over which it was killed ${KILLS} times, as it grew each time`, async () => {
  await using home = await TempDir.create();
  const file = new RemoteFile({ length: LENGTH });
  let free = false;
  await using server = FaultServer.start(async (request, server) => {
    const answer = file.answer(request);
    const body = new Uint8Array(await answer.arrayBuffer());
    const { status, headers } = answer;
    return server.flow(body, free ? body.length : STEP, () => free, { status, headers });
  });
  await home.write("tasks.txt", `${server.url}/large.bin\n`);
  const args = ["run", "--once", "--tasks", "tasks.txt", "-d", "files", "--queue", "kv:list.db"];
  const size = () => Deno.stat(home.join("files/large.bin.part")).then(({ size }) => size, () => 0);
  for (let kill = 1; kill <= KILLS; kill++) {
    await using process = await Corehaul.start(args, { cwd: home.path });
    const before = await size();
    await process.until("a further part of it", async () => await size() >= before + STEP / 2);
    process.kill("SIGKILL");
    await process.ended();
  }
  free = true;
  assertCode(await corehaul(args, { cwd: home.path }), 0);
  assertEquals(await Deno.readFile(home.join("files/large.bin")), file.content());
  const [task] = await listedTasks("kv:list.db", { cwd: home.path });
  assertEquals(task!.status, "done");
});
