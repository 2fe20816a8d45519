/** Lists that are spread over several namespaces, and lists on KV Connect. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { freePort } from "../support/nginx_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

Deno.test("corehaul --shard takes each entry of a list in one of the shards, from a task file as by add", async () => {
  await using redis = await RedisServer.start();
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  const options = { cwd: home.path };
  const urls = Array.from({ length: 90 }, (_, i) => `${server.url}/${i}`);
  await home.write("tasks.txt", urls.join("\n"));
  const on = (k: number) => ["--queue", redis.url(), "--namespace", `part-${k}`, "--shard", `${k}/3`];
  const seen: string[] = [];
  for (const k of [1, 2, 3]) {
    if (k < 3) assertCode(await corehaul(["add", "--input", "tasks.txt", ...on(k)], options), 0);
    assertCode(await corehaul(["run", "--once", "--tasks", "tasks.txt", "--dir", `m${k}`, ...on(k)], options), 0);
    const listed = await corehaul(["list", "--json", "--queue", redis.url(), "--namespace", `part-${k}`], options);
    const tasks = jsonLines(listed.stdout);
    assertEquals(tasks.filter(({ status }) => status !== "done"), []);
    seen.push(...tasks.map(({ url }) => String(url)));
  }
  assertEquals(seen.sort(), urls.sort());
  assertEquals(server.requests.length, 90);
  for (const wrong of ["0/3", "4/3", "1", "1/0", "a/b"]) {
    assertCode(await corehaul(["add", urls[0]!, "--shard", wrong], options), 2);
  }
});

Deno.test("corehaul says what is wrong with a list on KV Connect", async () => {
  await using home = await TempDir.create();
  const queue = `http://127.0.0.1:${freePort()}/db`;
  const status = (env: Record<string, string>) => corehaul(["status", "--queue", queue], { cwd: home.path, env });
  const tokenless = await status({});
  assertCode(tokenless, 3);
  assertMatch(tokenless.stderr, new RegExp(`Cannot open the task list ${queue}: Missing DENO_KV_ACCESS_TOKEN`));
  const unreachable = await status({ DENO_KV_ACCESS_TOKEN: "secret" });
  assertCode(unreachable, 3);
  assertMatch(unreachable.stderr, new RegExp(`Cannot open the task list ${queue}: .*refused`));
});
