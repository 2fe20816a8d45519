import { assert, assertEquals, assertRejects } from "@std/assert";
import { REMOTE_KV_LIMITS } from "../../queue/kv_store.ts";
import { QueueUnavailableError } from "../../queue/queue_unavailable_error.ts";
import { TaskKvList, type TaskKvListOptions } from "../../queue/task_kv_list.ts";
import type { ControlVerb, TaskDraft, TaskOrder, TaskSharedList } from "../../queue/task_shared_list.ts";
import { byTurns } from "./by_turns.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  draft,
  drafts,
  ownerInfo,
  settleAll,
  taskError,
} from "./contract_kit.ts";
import { withStrictKv } from "./strict_kv.ts";
import { contractReopened } from "./contract_reopened.ts";
import { contractSuite, contractVariant } from "./task_list_contract.ts";

/** Opens a list on a file of its own, which goes when the list is disposed of. */
async function openOnFile(options?: TaskKvListOptions, connections = 1): Promise<TaskSharedList> {
  const folder = await Deno.makeTempDir();
  const lists: TaskSharedList[] = [];
  for (let i = 0; i < connections; i++) lists.push(await TaskKvList.open(`${folder}/queue.db`, options));
  const list = byTurns(lists);
  const dispose = list[Symbol.asyncDispose];
  list[Symbol.asyncDispose] = async () => {
    await dispose();
    await Deno.remove(folder, { recursive: true });
  };
  return list;
}

/** Opens a list that may have only as many checks in a commit as a KV Connect server takes, and is held to that. */
function openStrict(options?: TaskKvListOptions): Promise<TaskSharedList> {
  return withStrictKv(() => TaskKvList.open(":memory:", { ...options, limits: REMOTE_KV_LIMITS }));
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Lets another process hold the write lock of a database. */
async function lockDatabase(path: string): Promise<AsyncDisposable & { unlock: () => Promise<void> }> {
  const fixture = new URL("./fixtures/lock_database.ts", import.meta.url);
  const locker = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "-A", fixture.href, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = locker.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await output.read()).value, "locked\n");
  return {
    unlock: async () => {
      await locker.stdin.close();
      assert((await locker.status).success);
    },
    [Symbol.asyncDispose]: async () => {
      await output.cancel();
      await locker[Symbol.asyncDispose]();
    },
  };
}

contractSuite("TaskKvList in memory:", (options) => TaskKvList.open(":memory:", options));
contractVariant("TaskKvList on a file:", openOnFile);
contractReopened("TaskKvList on a file:", async () => {
  const folder = await Deno.makeTempDir();
  return {
    open: () => TaskKvList.open(`${folder}/queue.db`),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});
contractVariant("TaskKvList through three connections:", (options) => openOnFile(options, 3));
contractVariant("TaskKvList with 10 checks a commit:", openStrict);

Deno.test("TaskKvList with 10 checks a commit does with many tasks at once whatever is done to any", async () => {
  await using list = await openStrict();
  const of = (more: Partial<TaskDraft>) =>
    drafts(120, more).map((one, i) => ({ ...one, url: `http://host${i % 30}.example/${i}` }));
  const many = of({ source: "f" });
  assertEquals(new Set((await list.preview(many)).map(({ type }) => type)), new Set(["added"]));
  assertEquals(new Set((await list.add(many)).map(({ type }) => type)), new Set(["added"]));
  const changed = await list.add(of({ source: "f", headers: { "X-A": "1" } }));
  assertEquals(new Set(changed.map(({ type }) => type)), new Set(["changed"]));
  const claimed = await claimAs(list, "o", 60);
  const renamed = await list.rename(claimed.map((task, i) => ({ task, out: `name ${i}` })));
  assertEquals([claimed.length, new Set(renamed.map(({ type }) => type))], [60, new Set(["named"])]);
  const failure = { type: "failed", startedAt: 1, error: taskError() } as const;
  assertEquals(new Set(await settleAll(list, claimed.slice(0, 40), failure)), new Set(["settled"]));
  const all = async (verb: ControlVerb) => {
    const states = (await list.control({ verb, filter: {}, ...(verb === "priority" ? { priority: 7 } : {}) })).touched;
    return [states, await list.counts()];
  };
  assertEquals(await all("priority"), [120, countsOf({ waiting: 60, running: 20, failed: 40 })]);
  assertEquals(await all("pause"), [80, countsOf({ paused: 80, failed: 40 })]);
  assertEquals(await all("resume"), [80, countsOf({ waiting: 80, failed: 40 })]);
  assertEquals((await list.control({ verb: "retry" })).touched, 40);
  const none = { sources: ["f"], wanted: () => false };
  // The 20 that were paused as they ran have been started.
  assertEquals((await list.sync(none)).canceled, 100);
  assertEquals((await list.sync({ ...none, wanted: () => true })).returned, 100);
  assertEquals((await claimAs(list, "o")).length, 120);
  assertEquals(await list.reclaim(() => false), 120);
  assertEquals((await claimAs(list, "p")).length, 120);
  await list.leave("p");
  const hosts = () => ({ room: 0, until: 1 });
  await list.register(ownerInfo("q"));
  assertEquals(await list.claim({ owner: "q", core: 1, limit: 120, hosts }), []);
  assertEquals((await claimAs(list, "r")).length, 120);
  await assertCountsMatch(list);
  assertEquals(await all("cancel"), [120, countsOf({ canceled: 120 })]);
  const told: TaskOrder[] = [];
  for (let some = await list.takeOrders("r"); some.length > 0; some = await list.takeOrders("r")) told.push(...some);
  assertEquals(new Set(told.map(({ seq }) => seq)).size, 120);
  assertEquals(await all("remove"), [120, countsOf({})]);

  // So many of one host that what is set aside comes back in many blocks.
  await list.add(drafts(1500).map((one, i) => ({ ...one, url: `http://host.example/${i}` })));
  assertEquals(await list.claim({ owner: "q", core: 1, limit: 10, hosts: () => ({ room: 0, until: 0 }) }), []);
  const back = await list.claim({ owner: "q", core: 1, limit: 1500, hosts: () => ({ room: 1500, until: 0 }) });
  assertEquals(new Set(back.map(({ id }) => id)).size, back.length);
  assert(back.length > 10);
});

Deno.test("TaskKvList on one file shows two connections the same list", async () => {
  await withFolder(async (folder) => {
    await using one = await TaskKvList.open(`${folder}/queue.db`);
    await using two = await TaskKvList.open(`${folder}/queue.db`);
    await one.add(drafts(100));
    assertEquals((await two.add(drafts(120))).filter((result) => result.type === "added").length, 20);
    const [mine, theirs] = await Promise.all([claimAs(one, "one", 40), claimAs(two, "two", 40)]);
    assertEquals(new Set([...mine, ...theirs].map((task) => task.id)).size, 80);
    assertEquals(new Set(await settleAll(two, mine.slice(0, 20))), new Set(["settled"]), "a fence is proof enough");
    assertEquals((await settleAll(one, mine)).filter((type) => type === "settled").length, 20);
    assertEquals(await one.counts(), countsOf({ waiting: 40, running: 40, done: 40 }));
    assertEquals(await two.counts(), await one.counts());
  });
});

Deno.test("TaskKvList open rejects with QueueUnavailableError what cannot be a database", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text`, "this is no database\n".repeat(500));
    for (const path of [folder, `${folder}/no/such/folder/queue.db`, `${folder}/text`]) {
      const error = await assertRejects(() => TaskKvList.open(path), QueueUnavailableError, path);
      assertEquals([error.code, error.backend], ["queue_unavailable", `kv:${path}`]);
    }
    await Deno.writeTextFile(`${folder}/empty`, "");
    await using list = await TaskKvList.open(`${folder}/empty`);
    assertEquals(await list.counts(), countsOf({}));
  });
});

Deno.test("TaskKvList open rejects with QueueUnavailableError a damaged database", async () => {
  await withFolder(async (folder) => {
    const good = `${folder}/good.db`;
    {
      await using list = await TaskKvList.open(good);
      await list.add(drafts(500));
    }
    const bytes = await Deno.readFile(good);
    // The header; the schema; the first pages, where the tables begin; all but a few pages cut off; the header's half.
    const damages: [name: string, damage: (copy: Uint8Array<ArrayBuffer>) => Uint8Array][] = [
      ["header", (copy) => copy.fill(0xa5, 0, 100)],
      ["schema", (copy) => copy.fill(0xa5, 100, 4096)],
      ["tables", (copy) => copy.fill(0xa5, 4096, 4096 * 16)],
      ["cut", (copy) => copy.subarray(0, 4096 * 5)],
      ["short", (copy) => copy.subarray(0, 50)],
    ];
    for (const [name, damage] of damages) {
      const path = `${folder}/${name}.db`;
      await Deno.writeFile(path, damage(bytes.slice()));
      await assertRejects(() => TaskKvList.open(path), QueueUnavailableError, "Cannot open the task list", name);
    }
    await using list = await TaskKvList.open(good);
    assertEquals((await list.counts()).waiting, 500);
  });
});

Deno.test("TaskKvList rejects with QueueUnavailableError once it is closed, and closes twice", async () => {
  const list = await TaskKvList.open(":memory:");
  await list[Symbol.asyncDispose]();
  await list[Symbol.asyncDispose]();
  await assertRejects(() => list.counts(), QueueUnavailableError, "Cannot read the task list");
  await assertRejects(() => list.add([draft(1)]), QueueUnavailableError, "task list");
});

Deno.test("TaskKvList gives up a database that stays locked for as long as its patience lasts", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/queue.db`;
    await using list = await TaskKvList.open(path, { patienceMs: 300 });
    await list.add(drafts(60));
    await list.register(ownerInfo("o"));
    await using locker = await lockDatabase(path);
    await assertRejects(
      () => list.claim({ owner: "o", core: 1, limit: 10 }),
      QueueUnavailableError,
      "database is locked",
    );
    await locker.unlock();
    assertEquals((await list.claim({ owner: "o", core: 1, limit: 10 })).length, 10);
  });
});

Deno.test("TaskKvList waits while another process locks the database", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/queue.db`;
    await using list = await TaskKvList.open(path);
    await list.add(drafts(60));
    const claimed = await claimAs(list, "o", 20);

    await using locker = await lockDatabase(path);
    let ended = 0;
    const note = <T>(value: T): T => {
      ended++;
      return value;
    };
    const work = Promise.all([
      list.add(drafts(100)).then(note),
      settleAll(list, claimed).then(note),
      list.claim({ owner: "o", core: 1, limit: 10 }).then(note),
      list.heartbeat("o").then(note),
      list.register(ownerInfo("p")).then(note),
    ]);
    // A stretch in which the lock would have failed whoever does not wait; nothing is measured.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assertEquals(ended, 0, "nothing can be written under the lock of another");
    await using other = await TaskKvList.open(":memory:");
    assertEquals(await other.counts(), countsOf({}));
    await locker.unlock();

    const [added, settled, more, beat] = await work;
    assertEquals(added.filter((result) => result.type === "added").length, 40);
    assertEquals(new Set(settled), new Set(["settled"]));
    assertEquals([more.length, beat], [10, "alive"]);
    assertEquals(await list.counts(), countsOf({ done: 20, running: 10, waiting: 70 }));
  });
});
