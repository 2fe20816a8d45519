/** Task files that are good, in places and forms that are seldom. */
import { assertEquals } from "@std/assert";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

Deno.test("corehaul finds task files by a pattern in a working folder whose name looks like one", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  await home.write("My [2024] lists/l/a.txt", `${server.url}/a\n`);
  await home.write("My [2024] lists/l/b.txt", `${server.url}/b\n`);
  await home.write("My [2024] lists/c.txt", `${server.url}/c\n`);
  const cwd = home.join("My [2024] lists");
  const args = ["run", "--once", "--tasks", "l/*.txt", "--tasks", "c.txt", "--dir", "files", "--queue", "kv:queue.db"];
  const ended = await corehaul(args, { cwd });
  assertCode(ended, 0);
  for (const name of ["a", "b", "c"]) assertEquals(await Deno.readTextFile(`${cwd}/files/${name}`), `/${name}`);
});
