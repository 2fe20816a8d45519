/** The rights on Redis that `deploy/README.md` tells to give. */
import { assert, assertEquals } from "@std/assert";
import { corehaul } from "../support/corehaul.ts";
import { DEPLOY } from "../support/deploy_files.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("deploy/README.md tells the rights that Corehaul needs on Redis, and no dangerous ones", async () => {
  const [, rule] = /`user (corehaul on >PASSWORD [^`]+)`/.exec(
    await Deno.readTextFile(new URL("README.md", DEPLOY)),
  )!;
  await using redis = await RedisServer.start();
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 1000)));
  assertEquals(await redis.ask("acl", "setuser", ...rule!.replace("PASSWORD", "secret").split(" ")), "OK");
  const queue = ["--queue", redis.url(0, "corehaul:secret@")];
  for (const command of ["add", "pause", "resume", "run", "list", "why", "status", "retry", "cancel", "gc", "doctor"]) {
    const args: Record<string, string[]> = {
      add: [`${server.url}/a`, `${server.url}/b`],
      pause: ["--all"],
      resume: ["--all"],
      run: ["--once", "--fleet-per-host", "1"],
      why: ["t1"],
      retry: ["t1"],
      cancel: ["--all"],
      gc: ["--keep", "0s"],
    };
    const { code, stderr } = await corehaul([command, ...args[command] ?? [], ...queue], { cwd: home.path });
    assertEquals([command, code], [command, 0], stderr);
  }
  const denied = async (...command: string[]) => {
    const login = ["--user", "corehaul", "--pass", "secret", "--no-auth-warning"];
    return (await redis.ask(...login, ...command)).startsWith("NOPERM");
  };
  for (const command of [["flushall"], ["keys", "*"], ["config", "get", "*"], ["get", "other"]]) {
    assert(await denied(...command), command.join(" "));
  }
});
