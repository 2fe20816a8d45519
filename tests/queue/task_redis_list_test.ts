import { parseRedisAddress } from "../../config/redis_address.ts";
import { TaskRedisList, type TaskRedisListOptions } from "../../queue/task_redis_list.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { RedisServer } from "../support/redis_server.ts";
import { until } from "../support/until.ts";
import { byTurns } from "./by_turns.ts";
import { claimAs, draft, settleAll } from "./contract_kit.ts";
import { contractReopened } from "./contract_reopened.ts";
import { contractSuite, contractVariant } from "./task_list_contract.ts";

const servers: Record<"plain" | "aof", RedisServer | undefined> = { plain: undefined, aof: undefined };

Deno.test.beforeAll(async () => {
  servers.plain = await RedisServer.start();
  servers.aof = await RedisServer.start({ aof: true });
});

Deno.test.afterAll(async () => {
  for (const server of Object.values(servers)) await server?.[Symbol.asyncDispose]();
});

async function openAt(server: RedisServer, options: TaskRedisListOptions = {}): Promise<TaskSharedList> {
  const parsed = parseRedisAddress(server.url());
  if (parsed.type === "problem") throw new Error(parsed.reason);
  return await TaskRedisList.open(parsed.address, options);
}

/** Opens a list of its own through one connection or more. */
async function open(
  server: keyof typeof servers,
  options: TaskRedisListOptions = {},
  connections = 1,
): Promise<TaskSharedList> {
  const namespace = crypto.randomUUID();
  const lists: TaskSharedList[] = [];
  for (let i = 0; i < connections; i++) {
    lists.push(await openAt(servers[server]!, { ...options, namespace }));
  }
  return connections === 1 ? lists[0]! : byTurns(lists);
}

contractSuite("TaskRedisList:", (options) => open("plain", options));
contractVariant("TaskRedisList with AOF:", (options) => open("aof", options));
contractReopened("TaskRedisList with AOF:", async () => {
  const server = await RedisServer.start({ aof: true });
  return {
    open: () => openAt(server),
    crash: async () => {
      await server.down("SIGKILL");
      await server.up();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
contractVariant("TaskRedisList through three connections:", (options) => open("plain", options, 3));

Deno.test("TaskRedisList wakes whoever listens over another connection, when something can be claimed", async () => {
  const namespace = crypto.randomUUID();
  await using one = await openAt(servers.plain!, { namespace });
  await using two = await openAt(servers.plain!, { namespace });
  let calls = 0;
  const stop = two.onWake(() => calls++);
  await one.add([draft(1, { id: "one" })]);
  await until("news of what was added", () => calls === 1);
  await one.add([draft(1, { id: "one" })]);
  await settleAll(one, await claimAs(one, "o"));
  await one.control({ verb: "retry", ids: ["one"] });
  await until("news of what waits again, and none of the duplicate", () => calls === 2);
  stop();
});
