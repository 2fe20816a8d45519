/** Lists on more than one server: Sentinels that move to another leader, and a cluster. */
import { assertEquals } from "@std/assert";
import { parseRedisAddress } from "../../config/redis_address.ts";
import { TaskRedisList, type TaskRedisListOptions } from "../../queue/task_redis_list.ts";
import { claimAs, countsOf, drafts, settleAll } from "../queue/contract_kit.ts";
import { shareCommandProcesses } from "../support/corehaul.ts";
import { findProgram } from "../support/find_program.ts";
import { freePort } from "../support/nginx_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { until } from "../support/until.ts";

async function open(text: string, options: TaskRedisListOptions = {}): Promise<TaskRedisList> {
  const parsed = parseRedisAddress(text);
  if (parsed.type === "problem") throw new Error(parsed.reason);
  return await TaskRedisList.open(parsed.address, { patienceMs: 60_000, ...options });
}

shareCommandProcesses();

Deno.test("TaskRedisList asks Sentinels who leads, and follows when another one does", async () => {
  await using leader = await RedisServer.start();
  await using follower = await RedisServer.start({ more: [`replicaof 127.0.0.1 ${leader.port}`] });
  await until("the copy", async () => (await follower.ask("info", "replication")).includes("master_link_status:up"));
  await using sentinel = await RedisServer.start({
    sentinel: true,
    more: [
      `sentinel monitor main 127.0.0.1 ${leader.port} 1`,
      "sentinel down-after-milliseconds main 500",
      "sentinel failover-timeout main 3000",
    ],
  });
  await until(
    "the follower",
    async () => (await sentinel.ask("sentinel", "replicas", "main")).includes(`${follower.port}`),
  );
  await using list = await open(`redis+sentinel://127.0.0.1:${sentinel.port}/main`);
  await list.add(drafts(300));
  const claimed = await claimAs(list, "o", 100);
  await leader.ask("wait", "1", "10000");
  await leader.down("SIGKILL");
  assertEquals(new Set(await settleAll(list, claimed)), new Set(["settled"]));
  assertEquals(await list.counts(), countsOf({ done: 100, waiting: 200 }));
  assertEquals((await follower.ask("role")).split("\n")[0], "master");
});

Deno.test("TaskRedisList keeps all of a list on one node of a cluster, and lists on several", async () => {
  // A node has a second port, 10,000 above the first, for the others.
  const nodes: RedisServer[] = [];
  try {
    while (nodes.length < 3) nodes.push(await clusterNode());
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const cli = await findProgram("redis-cli", ["--version"], "redis-tools");
    const { success, stdout } = await new Deno.Command(cli, {
      args: ["--cluster", "create", ...addresses, "--cluster-yes"],
      stdin: "null",
    }).output();
    assertEquals(success, true, new TextDecoder().decode(stdout));
    await until("the cluster", async () => (await nodes[0]!.ask("cluster", "info")).includes("cluster_state:ok"));
    const address = `redis+cluster://${addresses.join(",")}`;
    for (const namespace of ["a", "b", "c", "d", "e", "f"]) {
      await using list = await open(address, { namespace });
      await list.add(drafts(30));
      const claimed = await claimAs(list, "o", 10);
      await settleAll(list, claimed.slice(0, 5));
      assertEquals(await list.control({ verb: "pause" }), { touched: 25, unknown: [], unmoved: [] });
      assertEquals(await list.counts(), countsOf({ done: 5, paused: 25 }));
    }
    const keys = await Promise.all(nodes.map(async (node) => (await node.ask("keys", "*")).split("\n")));
    const owners = keys.map((names) => new Set(names.flatMap((name) => /\{(.)\}/.exec(name)?.[1] ?? [])));
    assertEquals(owners.flatMap((names) => [...names]).sort(), ["a", "b", "c", "d", "e", "f"], "each on one node only");
    assertEquals(owners.filter((names) => names.size > 0).length > 1, true, "and not all on the same");
  } finally {
    for (const node of nodes) await node[Symbol.asyncDispose]();
  }
});

async function clusterNode(): Promise<RedisServer> {
  return await RedisServer.start({
    more: ["cluster-enabled yes", "cluster-node-timeout 2000", `cluster-port ${freePort()}`],
  });
}
