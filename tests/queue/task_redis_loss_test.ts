/** What a list on Redis does when it does not hear what has become of its calls. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseRedisAddress } from "../../config/redis_address.ts";
import { QueueUnavailableError } from "../../queue/queue_unavailable_error.ts";
import { RedisLink } from "../../queue/redis_link.ts";
import type { ClaimedTask } from "../../queue/task_model.ts";
import { TaskRedisList, type TaskRedisListOptions } from "../../queue/task_redis_list.ts";
import { findBySeq, writeRecords } from "../../queue/task_redis_writer.ts";
import { LossyProxy } from "../support/lossy_proxy.ts";
import { RedisServer } from "../support/redis_server.ts";
import { claimAs, countsOf, drafts, idsOf, ownerInfo, settleAll } from "./contract_kit.ts";

async function open(port: number, options: TaskRedisListOptions = {}): Promise<TaskRedisList> {
  const parsed = parseRedisAddress(`redis://127.0.0.1:${port}`);
  if (parsed.type === "problem") throw new Error(parsed.reason);
  return await TaskRedisList.open(parsed.address, { patienceMs: 60_000, ...options });
}

Deno.test("TaskRedisList makes a call again whose answer got lost, and it is as if it had been made once", async () => {
  await using redis = await RedisServer.start();
  await using proxy = LossyProxy.start(redis.port);
  const troubles: (string | undefined)[] = [];
  await using list = await open(proxy.port, { onTrouble: (reason) => troubles.push(reason) });
  await using other = await open(redis.port);
  {
    // The first call of a script is made twice: the server does not know it yet.
    await using primer = await open(redis.port, { namespace: "primer" });
    await primer.add(drafts(3));
    const [one, two] = await claimAs(primer, "o");
    await primer.rename([{ task: one!, out: "x" }]);
    await settleAll(primer, [one!]);
    await primer.control({ verb: "pause", ids: [two!.id] });
    await primer.takeOrders("o");
    await primer.leave("o");
  }
  const again = async <T>(call: () => Promise<T>): Promise<T> => {
    const before = proxy.lost;
    proxy.loseNext();
    const result = await call();
    assertEquals(proxy.lost, before + 1, "an answer was lost");
    return result;
  };
  // What was added is known then, which is as good.
  const added = await again(() => list.add(drafts(100)));
  assertEquals(new Set(added.map(({ type }) => type)), new Set(["duplicate"]));
  await again(() => list.register(ownerInfo("o")));
  const claimed = await again(() => list.claim({ owner: "o", core: 1, limit: 40 }));
  assertEquals([claimed.length, new Set(idsOf(claimed)).size], [40, 40]);
  assertEquals(await list.counts(), countsOf({ waiting: 60, running: 40 }), "no task runs that nobody knows of");
  const both = await again(() => Promise.all([1, 2].map((core) => list.claim({ owner: "o", core, limit: 5 }))));
  assertEquals(both.flat().length, 10);
  assertEquals(await list.counts(), countsOf({ waiting: 50, running: 50 }), "whoever asks beside it");
  assertEquals(
    new Set(await again(() => settleAll(list, claimed.slice(0, 20)))),
    new Set(["settled"]),
    "and none is stale",
  );
  const [renamed] = await again(() => list.rename([{ task: claimed[20]!, out: "other name" }]));
  assertEquals([renamed?.type, renamed?.type === "named" && renamed.task.out], ["named", "other name"]);
  await other.control({ verb: "cancel", ids: [claimed[21]!.id] });
  assertEquals((await again(() => list.takeOrders("o"))).map(({ verb }) => verb), ["cancel"]);
  assertEquals(await list.takeOrders("o"), [], "each is told once");
  assertEquals(await again(() => list.heartbeat("o")), "alive");
  const paused = await again(() => list.control({ verb: "pause", ids: [claimed[22]!.id] }));
  assertEquals([paused.unknown, (await list.get(claimed[22]!.id))?.status], [[], "paused"]);
  await again(() => list.leave("o"));
  assertEquals(await list.counts(), countsOf({ done: 20, canceled: 1, paused: 1, waiting: 78 }));
  assert(troubles.length >= 20 && troubles.every((reason, i) => (reason === undefined) === (i % 2 === 1)));
});

Deno.test("TaskRedisList gives up a connection that says nothing for as long as an answer may take", async () => {
  await using redis = await RedisServer.start();
  await using proxy = LossyProxy.start(redis.port);
  const silences = Promise.withResolvers<string>();
  await using list = await open(proxy.port, {
    answerMs: 1000,
    onTrouble: (reason) => {
      if (reason?.startsWith("no answer") === true && claimed.length > 0) silences.resolve(reason);
    },
  });
  await list.add(drafts(10));
  let claimed: ClaimedTask[] = [];
  claimed = await claimAs(list, "o");
  proxy.silent = true;
  const settling = settleAll(list, claimed);
  assertEquals(await silences.promise, "no answer within 1 s");
  // The network is back.
  proxy.silent = false;
  assertEquals(new Set(await settling), new Set(["settled"]));
});

Deno.test("TaskRedisList hurries when it is told to", async () => {
  await using redis = await RedisServer.start();
  await using proxy = LossyProxy.start(redis.port);
  await using list = await open(proxy.port);
  await list.add(drafts(10));
  proxy.silent = true;
  list.hurry(true);
  await assertRejects(() => list.counts(), QueueUnavailableError, "no answer within 3 s");
});

Deno.test("TaskRedisList rejects with QueueUnavailableError once it is closed, and closes twice", async () => {
  await using redis = await RedisServer.start();
  const list = await open(redis.port);
  await list[Symbol.asyncDispose]();
  await list[Symbol.asyncDispose]();
  await assertRejects(() => list.counts(), QueueUnavailableError, "it is closed");
});

Deno.test("TaskRedisList keeps its lists apart by their namespaces", async () => {
  await using redis = await RedisServer.start();
  await using one = await open(redis.port, { namespace: "one" });
  await using two = await open(redis.port, { namespace: "two" });
  await one.add(drafts(5));
  await two.add(drafts(7));
  assertEquals([(await one.counts()).waiting, (await two.counts()).waiting], [5, 7]);
  assertEquals((await claimAs(two, "o")).length, 7);
  assertEquals(await one.owners(), []);
});

Deno.test("TaskRedisList counts a removal whose answer got lost", async () => {
  await using redis = await RedisServer.start();
  await using proxy = LossyProxy.start(redis.port);
  const parsed = parseRedisAddress(`redis://127.0.0.1:${proxy.port}`);
  if (parsed.type === "problem") throw new Error(parsed.reason);
  await using list = await open(proxy.port);
  await list.add(drafts(3));
  await using link = new RedisLink(parsed.address, "corehaul:{default}:", { patienceMs: 60_000 });
  const records = await findBySeq(link, [1, 2, 3]);
  const remove = (i: number) => writeRecords(link, [{ seq: i + 1, token: records[i]!.token }], "");
  assertEquals(await remove(0), ["written"]);
  proxy.loseNext();
  assertEquals(await remove(1), ["written"]);
  assertEquals(await remove(1), [undefined]);
  assertEquals(await list.counts(), countsOf({ waiting: 1 }));
});

Deno.test("TaskRedisList goes by the server's clock when it is asked for what ended before a time", async () => {
  await using redis = await RedisServer.start();
  await using list = await open(redis.port);
  await list.add(drafts(2));
  await settleAll(list, await claimAs(list, "o"));
  const { now } = Date;
  for (const wrongBy of [-3_600_000, 0, 3_600_000]) {
    Date.now = () => now() + wrongBy;
    try {
      const shown = async (ago: number) =>
        (await list.list({ filter: { finishedBefore: Date.now() - ago } })).tasks.length;
      assertEquals([await shown(1_800_000), await shown(-60_000)], [0, 2], `${wrongBy}`);
      const result = await list.control({ verb: "remove", filter: { finishedBefore: Date.now() - 1_800_000 } });
      assertEquals(result.touched, 0);
    } finally {
      Date.now = now;
    }
  }
});

Deno.test("TaskRedisList reads the paths of lists that older programs wrote", async () => {
  await using redis = await RedisServer.start();
  await using list = await open(redis.port);
  const wishes = Array.from(
    { length: 60 },
    (_, i) => ({ ...drafts(1)[0]!, url: `http://h/${i}`, out: `${i}`, size: i }),
  );
  await list.add([...wishes, ...drafts(1)]);
  const key = "corehaul:{default}:paths";
  for (const { out } of [...wishes, ...drafts(1)]) {
    const held = (await redis.ask("HGET", key, out)).trim();
    await redis.ask("HSET", key, out, held.replace("~", ""));
  }
  assertEquals(new Set((await list.add([...wishes, ...drafts(1)])).map(({ type }) => type)), new Set(["duplicate"]));
});
