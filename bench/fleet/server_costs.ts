import { parseRedisAddress } from "../../config/redis_address.ts";
import { TaskRedisList } from "../../queue/task_redis_list.ts";
import type { RedisServer } from "../../tests/support/redis_server.ts";

/** What the calls of a list cost its server, in microseconds of its one thread. */
export interface ServerCosts {
  /** Per task that is added. */
  add: number;
  /** A claim of no task, and each task of a claim. */
  claim: { call: number; task: number };
  /** A settlement of one task less that task, and each task of a settlement. */
  settle: { call: number; task: number };
  /** A heartbeat. */
  heartbeat: number;
  /** A look for what users did to running tasks. */
  orders: number;
}

const TASKS = 40_000;
const AT_ONCE = 200;
const CALLS = 500;

/** Measures them on a server: what it says itself of the time that scripts took. */
export async function measureServerCosts(server: RedisServer): Promise<ServerCosts> {
  const parsed = parseRedisAddress(server.url());
  if (parsed.type === "problem") throw new Error(parsed.reason);
  await using list = await TaskRedisList.open(parsed.address, { namespace: "costs" });
  const owner = "owner";
  const cost = async (units: number, run: () => Promise<unknown>): Promise<number> => {
    await server.ask("config", "resetstat");
    await run();
    const stats = await server.ask("info", "commandstats");
    const us = [...stats.matchAll(/cmdstat_(?:evalsha|eval):calls=\d+,usec=(\d+)/g)];
    return us.reduce((sum, match) => sum + Number(match[1]), 0) / units;
  };
  const times = async (run: () => Promise<unknown>) => {
    for (let i = 0; i < CALLS; i++) await run();
  };
  await list.register({ owner, host: "here", bootId: "boot", pid: 1, startTime: "1", cores: [0] });
  const empty = await cost(CALLS, () => times(() => list.claim({ owner, core: 0, limit: 10 })));
  const add = await cost(TASKS, async () => {
    for (let first = 0; first < TASKS; first += AT_ONCE) {
      await list.add(Array.from({ length: AT_ONCE }, (_, i) => {
        const name = String(first + i).padStart(9, "0");
        return {
          url: `https://files.example.org/set/${name}.bin`,
          out: `${name}.bin`,
          fallbackOut: `${name}.0123.bin`,
        };
      }));
    }
  });
  let held: Awaited<ReturnType<typeof list.claim>> = [];
  const claims = await cost(TASKS / 2, async () => {
    held = [];
    for (let i = 0; i < TASKS / 2; i += AT_ONCE) held.push(...await list.claim({ owner, core: 0, limit: AT_ONCE }));
  });
  const settle = (tasks: typeof held) =>
    list.settle(tasks.map((task) => ({
      task,
      outcome: {
        type: "done",
        startedAt: Date.now(),
        facts: { bytes: 10_240, finalUrl: task.url, etag: '"0123456789"' },
      },
    })));
  const singles = await cost(CALLS, async () => {
    for (const task of held.splice(0, CALLS)) await settle([task]);
  });
  const rest = held.length;
  const settles = await cost(rest, async () => {
    while (held.length > 0) await settle(held.splice(0, AT_ONCE));
  });
  const settleTask = (settles - singles / AT_ONCE) / (1 - 1 / AT_ONCE);
  return {
    add,
    claim: { call: empty, task: claims - empty / AT_ONCE },
    settle: { call: singles - settleTask, task: settleTask },
    heartbeat: await cost(CALLS, () => times(() => list.heartbeat(owner))),
    orders: await cost(CALLS, () => times(() => list.takeOrders(owner))),
  };
}
