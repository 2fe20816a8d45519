import { assert, assertEquals } from "@std/assert";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { HostRoom, TaskDraft } from "../../queue/task_shared_list.ts";
import { countsOf, fakeClock, ownerInfo } from "./contract_kit.ts";
import { type KvCounts, withCountedKv } from "./counted_kv.ts";

const SHUT_TASKS = 50_000;
const OTHERS = 200;

function many(host: string, first: number, count: number, priority: number): TaskDraft[] {
  return Array.from({ length: count }, (_, i) => {
    const name = String(first + i).padStart(7, "0");
    return { url: `http://${host}/files/${name}`, out: `${host}/${name}`, priority };
  });
}

/** How the counts have grown since the last call. */
function growth(counts: KvCounts): () => KvCounts {
  let last = { ...counts };
  return () => {
    const now = { ...counts };
    const grown = {
      commits: now.commits - last.commits,
      mutations: now.mutations - last.mutations,
      listed: now.listed - last.listed,
    };
    last = now;
    return grown;
  };
}

Deno.test("TaskKvList moves a closed host's tasks from the head of a long list once, in blocks, and back in small shares", async () => {
  const clock = fakeClock(1000);
  const { value, counts } = await withCountedKv(() => TaskKvList.open(":memory:", { clock }));
  await using list = value;
  await list.register(ownerInfo("o"));
  for (let first = 0; first < SHUT_TASKS; first += 1000) await list.add(many("shut.example", first, 1000, 1));
  await list.add(many("open.example", 0, OTHERS, 0));
  const grown = growth(counts);
  const hosts = (host: string): HostRoom | undefined => host === "shut.example" ? { room: 0, until: 9000 } : undefined;
  const claim = (limit: number) => list.claim({ owner: "o", core: 1, limit, hosts });

  const claimed = await claim(OTHERS);
  assertEquals(claimed.length, OTHERS);
  assert(claimed.every((task) => task.url.includes("open.example")));
  const blocks = SHUT_TASKS / 6;
  const first = grown();
  assert(first.commits <= blocks / 90 + 10, `${first.commits} commits`);
  assert(first.mutations <= 2 * blocks + 300, `${first.mutations} mutations`);
  assert(first.listed <= 1.2 * blocks + 100, `${first.listed} entries were read`);

  await list.add(many("open.example", OTHERS, OTHERS, 0));
  grown();
  assertEquals((await claim(OTHERS)).length, OTHERS);
  const second = grown();
  assertEquals(second.commits, 1, "the closed host costs the others nothing");
  assert(second.listed <= 50, `${second.listed} entries were read`);
  assertEquals(await claim(10), []);
  const idle = grown();
  assertEquals([idle.commits, idle.listed], [0, 0]);

  clock.advance(10_000);
  assertEquals(
    (await list.claim({ owner: "o", core: 1, limit: 100 })).map((task) => task.seq),
    [
      ...Array(100).keys(),
    ].map((i) => i + 1),
  );
  const back = grown();
  assert(back.commits <= 3 && back.mutations <= 120, `${back.commits} commits, ${back.mutations} mutations`);
  assertEquals(await list.counts(), countsOf({ waiting: SHUT_TASKS - 100, running: 2 * OTHERS + 100 }));
});

Deno.test("TaskKvList does not let who has tasks wait while a full host's are set aside", async () => {
  const { value, counts } = await withCountedKv(() => TaskKvList.open(":memory:"));
  await using list = value;
  await list.register(ownerInfo("o"));
  for (let first = 0; first < 10_000; first += 1000) await list.add(many("full.example", first, 1000, 0));
  const grown = growth(counts);
  let room = 50;
  const hosts = () => ({ room, until: 0 });
  assertEquals((await list.claim({ owner: "o", core: 1, limit: 500, hosts })).length, 50);
  const { commits } = grown();
  assert(commits <= 5, `${commits} commits`);
  room = 0;
  assertEquals((await list.claim({ owner: "o", core: 1, limit: 500, hosts })).length, 0);
  room = 30;
  assertEquals((await list.claim({ owner: "o", core: 1, limit: 500, hosts })).length, 30);
});

Deno.test("TaskKvList looks beside a long row of a closed host's tasks for those of others", async () => {
  const { value, counts } = await withCountedKv(() => TaskKvList.open(":memory:"));
  await using list = value;
  await list.register(ownerInfo("o"));
  for (let first = 0; first < 30_000; first += 1000) await list.add(many("shut.example", first, 1000, 0));
  for (let i = 0; i < 40; i++) await list.add(many(`host${i}.example`, 0, 10, 0));
  const grown = growth(counts);
  const hosts = (host: string) => host === "shut.example" ? { room: 0, until: 9e15 } : undefined;
  // Each claim begins in another shard, so that some begin where the closed host is.
  for (let turn = 0; turn < 32; turn++) {
    assertEquals((await list.claim({ owner: "o", core: 1, limit: 10, hosts })).length, 10);
    const { commits } = grown();
    assert(commits <= 16, `${commits} commits for claim ${turn}`);
  }
});

Deno.test("TaskKvList looks at few hosts in a claim, however many are full, and finds one with room all the same", async () => {
  const { value, counts } = await withCountedKv(() => TaskKvList.open(":memory:"));
  await using list = value;
  await list.register(ownerInfo("o"));
  const hosts = 3000;
  await list.add(Array.from({ length: hosts }, (_, i) => ({ url: `http://h${i}.example/`, out: `${i}` })));
  const full = () => ({ room: 0, until: 0 });
  const grown = growth(counts);
  do await list.claim({ owner: "o", core: 1, limit: 10, hosts: full }); while (grown().mutations > 0);
  const free = (host: string) => host === "h2999.example" ? { room: 30, until: 0 } : full();
  let found = 0;
  for (let turn = 0; turn < hosts / 32 + 1; turn++) {
    found += (await list.claim({ owner: "o", core: 1, limit: 10, hosts: free })).length;
    const { listed } = grown();
    assert(listed <= 40, `${listed} entries were read`);
  }
  assertEquals(found, 1);
});

Deno.test("TaskKvList sets little aside of a host that may have room any moment, and looks further in another shard", async () => {
  const { value, counts } = await withCountedKv(() => TaskKvList.open(":memory:"));
  await using list = value;
  await list.register(ownerInfo("o"));
  for (let first = 0; first < 10_000; first += 1000) await list.add(many("slow.example", first, 1000, 0));
  await list.add(many("open.example", 0, OTHERS, 0));
  const grown = growth(counts);
  const hosts = (host: string): HostRoom | undefined =>
    host === "slow.example" ? { room: 0, until: 0, brief: true } : undefined;
  const found: string[] = [];
  for (let turn = 0; turn < 16; turn++) {
    for (const { url } of await list.claim({ owner: "o", core: 1, limit: 50, hosts })) found.push(url);
  }
  assertEquals(found.length, OTHERS);
  assert(found.every((url) => url.includes("open.example")));
  const { mutations } = grown();
  assert(mutations <= 2 * 16 * 10 + 3 * OTHERS, `${mutations} mutations`);
});

Deno.test("TaskKvList brings back first what was set aside of hosts that have room again", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.register(ownerInfo("o"));
  for (let host = 0; host < 100; host++) await list.add(many(`h${String(host).padStart(2, "0")}.example`, 0, 5, 0));
  const full: HostRoom = { room: 0, until: 0 };
  while ((await list.claim({ owner: "o", core: 1, limit: 100, hosts: () => full })).length > 0);
  const open = new Set(["h07.example", "h93.example"]);
  const hosts = (host: string) => open.has(host) ? undefined : full;
  const claimed = await list.claim({ owner: "o", core: 1, limit: 100, hosts, reopened: [...open] });
  assertEquals(claimed.length, 10);
  assertEquals(await list.counts(), countsOf({ waiting: 490, running: 10 }));
});
