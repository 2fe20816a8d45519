/** What a log in a file has, however the process ends. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { makeFifo } from "../support/nodes.ts";
import { TempDir } from "../support/temp_dir.ts";

/** A server with a file that comes at once, and one that never ends. */
function serve(): FaultServer {
  return FaultServer.start(({ path }, server) =>
    path === "/held" ? server.flow(bytesFor(path, 1_000_000), 1000, () => false) : new Response(bytesFor(path, 10))
  );
}

const RUN = ["run", "--dir", "files", "--queue", "kv:queue.db", "--tasks", "tasks.txt", "--log-file", "run.log"];

for (const [what, end] of [["kill -9", ["SIGKILL"]], ["a second signal", ["SIGTERM", "SIGTERM"]]] as const) {
  Deno.test(`corehaul has the lines of --log-file in the file while it runs, and after ${what}`, async () => {
    await using home = await TempDir.create();
    await using server = serve();
    await home.write("tasks.txt", `${server.url}/good\n${server.url}/held\n`);
    await using run = await Corehaul.start([...RUN, "--grace", "3600"], { cwd: home.path });
    const log = async () => await Deno.readTextFile(home.join("run.log")).catch(() => "");
    await run.until("the line", async () => (await log()).includes("Heave-ho, good is hauled!\n"));
    await run.until("the other file", () => server.hits("/held") > 0);
    for (const [index, signal] of end.entries()) {
      if (index > 0) await run.until("the sign", async () => (await log()).includes("once more ends at once\n"));
      run.kill(signal);
    }
    await run.ended();
    assertMatch(await log(), /Heave-ho, good is hauled!\n/);
    if (end.length > 1) assertMatch(await log(), /stopping: what runs gets 3600 s; once more ends at once\n$/);
  });
}

Deno.test("corehaul logs to what is no regular file without turning it over", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const options = { cwd: home.path, wrapper: ["env"] };
  const get = ["get", `${server.url}/good`, "--dir", "files", "--overwrite", "always"];
  const said = await corehaul([...get, "--log-file", "/dev/stderr"], options);
  assertCode(said, 0);
  assertMatch(said.stderr, /^\d{4}-\d\d-\d\dT[\d:.]+Z \[INF\].*Heave-ho, good is hauled!$/m);
  const fifo = await makeFifo(home.join("fifo"));
  const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
  assertCode(await corehaul([...get, "--log-file", "fifo"], options), 0);
  assert((await new Response(reader.stdout).text()).includes("Heave-ho, good is hauled!"));
  await reader.status;
  const full = await corehaul([...get, "--log-file", "/dev/full"], options);
  assertCode(full, 0);
  assertEquals(full.stderr, "");
  assertEquals(await home.names(), ["fifo", "files"]);
});
