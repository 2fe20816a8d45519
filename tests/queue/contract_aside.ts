import { assert, assertEquals } from "@std/assert";
import type { ClaimedTask } from "../../queue/task_model.ts";
import type { HostRoom, TaskDraft, TaskSharedList } from "../../queue/task_shared_list.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  draft,
  drafts,
  fakeClock,
  idsOf,
  listAll,
  type OpenList,
  ownerInfo,
  retry,
  settleAll,
} from "./contract_kit.ts";

const SHUT = "shut.example:8080";

/** Drafts of one host, from number `first` on. */
function draftsOf(host: string, count: number, more: Partial<TaskDraft> = {}, first = 0): TaskDraft[] {
  return drafts(count, more, first).map((one, i) => ({
    ...one,
    url: `http://${host}/${i}`,
    out: `${host}/${first + i}`,
  }));
}

/** Says of one host how much room it has. */
function only(host: string, room: HostRoom): (host: string) => HostRoom | undefined {
  return (asked) => asked === host ? { ...room } : undefined;
}

/** Claims for the owner `o`, which is registered. */
function claim(list: TaskSharedList, limit: number, hosts?: (host: string) => HostRoom | undefined) {
  return list.claim({ owner: "o", core: 1, limit, ...(hosts === undefined ? {} : { hosts }) });
}

/** What the list promises about hosts that may not be asked. */
export function contractAside(name: string, open: OpenList): void {
  Deno.test(`${name} claim leaves the tasks of a closed host alone until its time, and takes all others`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.register(ownerInfo("o"));
    const shut = await list.add(draftsOf(SHUT, 300));
    await list.add(drafts(200));
    const closed = only(SHUT, { room: 0, until: 9000 });
    const others = [...await claim(list, 150, closed), ...await claim(list, 150, closed)];
    assertEquals(others.length, 200);
    assert(others.every((task) => !task.url.includes(SHUT)));
    assertEquals(await claim(list, 10, closed), []);
    assertEquals(await list.counts(), countsOf({ waiting: 300, running: 200 }));
    await assertCountsMatch(list);
    for (const result of [shut[0], shut[150], shut[299]]) {
      assert(result?.type === "added");
      const task = await list.get(result.id);
      assertEquals([task?.id, task?.status, task?.out], [result.id, "waiting", result.out]);
    }
    assertEquals(await claim(list, 10), [], "what was set aside stays so for those who know nothing of it");
    clock.advance(7999);
    assertEquals(await claim(list, 10), []);
    clock.advance(1);
    const back = [...await claim(list, 10), ...await claim(list, 1000)];
    assertEquals(idsOf(back), shut.map((result) => result.type === "added" ? result.id : ""), "in their old order");
    assertEquals(new Set(await settleAll(list, [...others, ...back])), new Set(["settled"]));
    assertEquals(await list.counts(), countsOf({ done: 500 }));
  });

  Deno.test(`${name} claim takes no more tasks of a full host than it has room for, and the rest when it has`, async () => {
    await using list = await open();
    await list.register(ownerInfo("o"));
    const full = await list.add(draftsOf(SHUT, 100));
    await list.add(drafts(50));
    const first = await claim(list, 500, only(SHUT, { room: 7, until: 0 }));
    assertEquals(first.filter((task) => task.url.includes(SHUT)).length, 7);
    assertEquals(first.length, 57);
    assertEquals(await claim(list, 500, only(SHUT, { room: 0, until: 0 })), []);
    await assertCountsMatch(list);
    const second = await claim(list, 500, only(SHUT, { room: 20, until: 0 }));
    assertEquals(second.length, 20);
    const rest = await claim(list, 500);
    const all = [...first.filter((task) => task.url.includes(SHUT)), ...second, ...rest];
    assertEquals(idsOf(all), full.map((result) => result.type === "added" ? result.id : ""), "always the oldest first");
  });

  Deno.test(`${name} claim gives what was set aside back by priority, then age`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.register(ownerInfo("o"));
    for (const [i, priority] of [0, 5, -2, 5, 0, 9].entries()) {
      await list.add(draftsOf(SHUT, 12, { priority }, 100 * i));
      await list.add(draftsOf("also.example", 12, { priority }, 100 * i));
    }
    const closed = (host: string) => ({ room: 0, until: host === SHUT ? 2000 : 3000 });
    assertEquals(await claim(list, 1000, closed), []);
    const waiting = await listAll(list, "waiting");
    assertEquals(waiting.length, 144);
    clock.advance(2000);
    const order: number[] = [];
    const age = new Map<string, number>();
    for (let claimed = await claim(list, 9); claimed.length > 0; claimed = await claim(list, 9)) {
      for (const { priority, url, seq } of claimed) {
        order.push(priority);
        const stream = `${new URL(url).host} ${priority}`;
        assert((age.get(stream) ?? 0) < seq, "the older goes first");
        age.set(stream, seq);
      }
    }
    assertEquals(order, [...order].sort((a, b) => b - a));
    assertEquals(order.length, 144);
  });

  Deno.test(`${name} claim sorts many hosts that stand among each other`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.register(ownerInfo("o"));
    const many = drafts(600).map((one, i): TaskDraft => ({ ...one, url: `http://h${i % 75}.example/${i}` }));
    await list.add(many);
    const closed = (host: string): HostRoom | undefined => {
      const n = Number(/\d+/.exec(host)![0]);
      return n % 3 === 0 ? { room: 0, until: 2000 + n } : n % 3 === 1 ? { room: 2, until: 0 } : undefined;
    };
    const now = await claim(list, 10_000, closed);
    assertEquals(now.length, 25 * 8 + 25 * 2);
    assertEquals((await assertCountsMatch(list)).length, 600);
    for (const task of await listAll(list, "waiting", 37)) assertEquals((await list.get(task.id))?.out, task.out);
    clock.advance(1030);
    const later: string[] = [];
    for (let some = await claim(list, 300); some.length > 0; some = await claim(list, 300)) later.push(...idsOf(some));
    clock.advance(1000);
    for (let some = await claim(list, 300); some.length > 0; some = await claim(list, 300)) later.push(...idsOf(some));
    assertEquals(new Set([...later, ...idsOf(now)]).size, 600);
    assertEquals(await list.counts(), countsOf({ running: 600 }));
  });

  Deno.test(`${name} claim finds the tasks of a host that has room behind any number of full ones`, async () => {
    await using list = await open();
    await list.register(ownerInfo("o"));
    const hosts = 150;
    await list.add(
      drafts(hosts * 2).map((one, i): TaskDraft => ({ ...one, url: `http://h${i % hosts}.example/${i}` })),
    );
    const full = { room: 0, until: 0 };
    while ((await claim(list, 1000, () => full)).length > 0);
    const free = new Set(["h0.example", "h52.example", "h99.example", "h149.example"]);
    const found: ClaimedTask[] = [];
    // One claim need not look at all of them, but those that follow go on.
    for (let turn = 0; turn < 30; turn++) {
      found.push(...await claim(list, 100, (host) => free.has(host) ? { room: 50, until: 0 } : full));
    }
    assertEquals(new Set(found.map((task) => new URL(task.url).host)), free);
    assertEquals(found.length, 8);
    for (let turn = 0; turn < 30; turn++) found.push(...await claim(list, 1000));
    assertEquals(found.length, 2 * hosts, "and none is left behind");
    await assertCountsMatch(list);
  });

  Deno.test(`${name} claim finds what was given back to a closed host, and knows duplicates of it`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    const some = draftsOf(SHUT, 40);
    await list.add(some);
    const held = await claimAs(list, "gone", 30);
    await list.register(ownerInfo("o"));
    const closed = only(SHUT, { room: 0, until: 5000 });
    assertEquals(await claim(list, 100, closed), []);
    await list.leave("gone");
    assertEquals(new Set(await settleAll(list, held)), new Set(["stale"]));
    assertEquals(await claim(list, 100, closed), []);
    assertEquals((await list.add(some)).filter((result) => result.type !== "duplicate"), []);
    assertEquals(await retry(list, {}), 0);
    assertEquals(await list.counts(), countsOf({ waiting: 40 }));
    clock.advance(4000);
    assertEquals((await claim(list, 100)).length, 40);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} claim of a task with a long name of its host, or none, is as any other`, async () => {
    await using list = await open();
    const urls = [`http://${"a".repeat(400)}/x`, "data:,x", "no url"];
    await list.add(urls.map((url, i) => draft(i, { url })));
    await list.register(ownerInfo("o"));
    assertEquals((await claim(list, 9, () => ({ room: 0, until: 9e15 }))).length, 3);
  });
}
