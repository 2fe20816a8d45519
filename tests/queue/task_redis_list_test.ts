import { parseRedisAddress, type RedisAddress } from "../../config/redis_address.ts";
import { TaskRedisList, type TaskRedisListOptions } from "../../queue/task_redis_list.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { RedisServer } from "../support/redis_server.ts";
import { byTurns } from "./by_turns.ts";
import { contractSuite } from "./task_list_contract.ts";

const servers: Record<"plain" | "aof", RedisServer | undefined> = { plain: undefined, aof: undefined };

Deno.test.beforeAll(async () => {
  servers.plain = await RedisServer.start();
  servers.aof = await RedisServer.start({ aof: true });
});

Deno.test.afterAll(async () => {
  for (const server of Object.values(servers)) await server?.[Symbol.asyncDispose]();
});

function addressOf(name: keyof typeof servers): RedisAddress {
  const parsed = parseRedisAddress(servers[name]!.url());
  if (parsed.type === "problem") throw new Error(parsed.reason);
  return parsed.address;
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
    lists.push(await TaskRedisList.open(addressOf(server), { ...options, namespace }));
  }
  return connections === 1 ? lists[0]! : byTurns(lists);
}

contractSuite("TaskRedisList:", (options) => open("plain", options));
contractSuite("TaskRedisList with AOF:", (options) => open("aof", options));
contractSuite("TaskRedisList through three connections:", (options) => open("plain", options, 3), { echoes: true });
