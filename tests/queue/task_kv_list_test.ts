import { assert, assertEquals, assertRejects } from "@std/assert";
import { REMOTE_KV_LIMITS } from "../../queue/kv_store.ts";
import { QueueUnavailableError } from "../../queue/queue_unavailable_error.ts";
import { TaskKvList, type TaskKvListOptions } from "../../queue/task_kv_list.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { byTurns } from "./by_turns.ts";
import { claimAs, countsOf, draft, drafts, ownerInfo, settleAll } from "./contract_kit.ts";
import { withStrictKv } from "./strict_kv.ts";
import { contractSuite } from "./task_list_contract.ts";

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
contractSuite("TaskKvList on a file:", openOnFile);
contractSuite("TaskKvList through three connections:", (options) => openOnFile(options, 3));
contractSuite(
  "TaskKvList with 10 checks a commit:",
  (options) => withStrictKv(() => TaskKvList.open(":memory:", { ...options, limits: REMOTE_KV_LIMITS })),
);

Deno.test("TaskKvList keeps its tasks when it is closed and opened again", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/queue.db`;
    {
      await using list = await TaskKvList.open(path);
      await list.add(drafts(300));
      await settleAll(list, await claimAs(list, "o", 50));
      await list.claim({ owner: "o", core: 1, limit: 20 });
    }
    await using list = await TaskKvList.open(path);
    assertEquals(await list.counts(), countsOf({ done: 50, running: 20, waiting: 230 }));
    assertEquals((await list.owners()).map((owner) => owner.owner), ["o"]);
    assertEquals(await list.reclaim(() => false), 20);
    assertEquals((await list.add(drafts(300))).filter((result) => result.type !== "duplicate"), []);
    assertEquals((await claimAs(list, "p")).length, 250);
  });
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
