/** Records that cannot be read are set aside, in a file and on Redis, and block nothing. */
import { assert, assertEquals } from "@std/assert";
import { parseRedisAddress } from "../../config/redis_address.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { TaskRedisList } from "../../queue/task_redis_list.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { claimAs, countsOf, drafts, idsOf, listAll, ownerInfo, settleAll } from "./contract_kit.ts";

/** What can become of the text of a task. */
const DAMAGES: Record<string, (text: string) => string> = {
  torn: (text) => text.slice(0, -7),
  "no JSON": () => "{",
  "another JSON": () => "[1,2]",
  "of a state that there is not": (text) => `${text.slice(0, -1)},{"status":"eaten"}]`,
};

interface Broken extends AsyncDisposable {
  list: TaskSharedList;
  /** Changes the record of a task; `whole`: all that stands with it, also how it is stored. */
  damage(seq: number, how: (text: string) => string, whole?: boolean): Promise<void>;
  /** Lets the index of the paths say something else of a path. */
  damagePath(out: string): Promise<void>;
}

async function kvList(): Promise<Broken> {
  const home = await TempDir.create();
  const list = await TaskKvList.open(home.join("queue.db"));
  return {
    list,
    async damage(seq, how, whole = false) {
      const kv = await Deno.openKv(home.join("queue.db"));
      for await (const { key, value } of kv.list({ prefix: ["task_shared_list"] })) {
        if (!(value instanceof Uint8Array)) continue;
        const lines = new TextDecoder().decode(value).split("\n");
        const at = lines.findIndex((line) => line.startsWith(`[${seq},`));
        if (at < 0) continue;
        lines[at] = how(lines[at]!);
        await kv.set(key, whole ? lines[at] : new TextEncoder().encode(lines.join("\n")));
      }
      kv.close();
    },
    async damagePath(out) {
      const kv = await Deno.openKv(home.join("queue.db"));
      await kv.set(["task_shared_list", "path", out], 5);
      kv.close();
    },
    async [Symbol.asyncDispose]() {
      await list[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function redisList(): Promise<Broken> {
  const server = await RedisServer.start();
  const parsed = parseRedisAddress(server.url());
  assert(parsed.type === "address");
  const list = await TaskRedisList.open(parsed.address);
  const key = "corehaul:{default}:b:0";
  return {
    list,
    async damage(seq, how, whole = false) {
      const parts = (await server.ask("hget", key, String(seq))).split("\t");
      const text = how(parts.splice(9).join("\t"));
      await server.ask("hset", key, String(seq), whole ? text : [...parts, text].join("\t"));
    },
    async damagePath(out) {
      await server.ask("hset", "corehaul:{default}:paths", out, "nothing");
    },
    async [Symbol.asyncDispose]() {
      await list[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const others = (count: number, but: number) => drafts(count).map((_, i) => i + 1).filter((seq) => seq !== but);

for (const [name, open] of Object.entries({ TaskKvList: kvList, TaskRedisList: redisList })) {
  for (const [damage, how] of Object.entries(DAMAGES)) {
    Deno.test(`${name} sets a record aside that is ${damage}, and hands out all others`, async () => {
      await using broken = await open();
      const { list } = broken;
      await list.add(drafts(12));
      await list.register(ownerInfo("one"));
      await broken.damage(5, how);
      const claimed = await claimAs(list, "one");
      assertEquals(claimed.map(({ seq }) => seq).sort((a, b) => a - b), others(12, 5));
      await settleAll(list, claimed);
      assertEquals(await list.counts(), countsOf({ done: 11 }));
      assertEquals(await list.lost!(), 0);
      const { total, keys } = await list.broken!();
      assertEquals([total, keys.length], [1, 1]);
      assertEquals((await list.control({ verb: "remove", ids: ["nobody", ...keys] })).unknown, ["nobody"]);
      assertEquals(await list.broken!(), { total: 0, keys: [] });
    });
  }

  Deno.test(`${name} takes the entry of a broken record in anew`, async () => {
    await using broken = await open();
    const { list } = broken;
    await list.add(drafts(3));
    await broken.damage(2, DAMAGES.torn!);
    assertEquals(idsOf(await listAll(list)).sort(), ["t1", "t3"]);
    assertEquals((await list.add(drafts(3))).map(({ type }) => type), ["duplicate", "added", "duplicate"]);
    assertEquals(await list.counts(), countsOf({ waiting: 3 }));
  });

  Deno.test(`${name} meets broken records in every state and in every call, and each only once`, async () => {
    await using broken = await open();
    const { list } = broken;
    const calls: Record<string, () => Promise<unknown>> = {
      list: () => listAll(list),
      get: () => list.get("t1"),
      add: () => list.add(drafts(1)),
      preview: () => list.preview(drafts(1)),
      control: () => list.control({ verb: "priority", priority: 7 }),
    };
    for (const state of ["waiting", "running", "paused", "canceled", "done"] as const) {
      for (const [call, run] of Object.entries(calls)) {
        const what = `${call}, ${state}`;
        await list.control({ verb: "remove" });
        await list.leave("one");
        await list.register(ownerInfo("one"));
        const added = await list.add(drafts(3));
        const seqs = added.map((result) => Number((result as { id: string }).id.slice(1)));
        if (state === "paused") await list.control({ verb: "pause" });
        if (state === "canceled") await list.control({ verb: "cancel" });
        const claimed = state === "running" || state === "done" ? await claimAs(list, "one") : [];
        if (state === "done") await settleAll(list, claimed);
        await broken.damage(seqs[1]!, DAMAGES.torn!);
        await run();
        await listAll(list);
        assertEquals((await list.broken!()).total, 1, what);
        if (call !== "add") assertEquals(await list.counts(), countsOf({ [state]: 2 }), what);
      }
    }
  });

  Deno.test(`${name} gives the tasks of a dead owner back, but for a broken one`, async () => {
    await using broken = await open();
    const { list } = broken;
    await list.add(drafts(6));
    await list.register(ownerInfo("one"));
    assertEquals((await claimAs(list, "one")).length, 6);
    await broken.damage(4, DAMAGES.torn!);
    assertEquals(await list.reclaim(() => false), 5);
    assertEquals(await list.counts(), countsOf({ waiting: 5 }));
    assertEquals((await list.broken!()).total, 1);
  });

  Deno.test(`${name} takes others in though the index of the paths says something else of one`, async () => {
    await using broken = await open();
    const { list } = broken;
    const known = drafts(3);
    await list.add(known);
    await broken.damagePath(known[1]!.out);
    const [first, , third] = await list.add([...known, ...drafts(1, {}, 3)]);
    assertEquals([first!.type, third!.type], ["duplicate", "duplicate"]);
    assert((await list.get("t3")) !== undefined);
  });

  Deno.test(`${name} is not held up by what is no record at all, and says what it has lost with it`, async () => {
    await using broken = await open();
    const { list } = broken;
    await list.add(drafts(4));
    await list.register(ownerInfo("one"));
    await broken.damage(2, () => "something else", true);
    const claimed = await claimAs(list, "one");
    await settleAll(list, claimed);
    const { waiting, running, done } = await list.counts();
    assertEquals([running, done], [0, claimed.length]);
    assertEquals(await list.lost!(), waiting);
    assertEquals(claimed.length + waiting, 3);
    assertEquals((await list.broken!()).total, 1);
    assertEquals((await list.control({ verb: "remove" })).touched, claimed.length + 1);
    assertEquals((await list.broken!()).total, 0);
  });
}
