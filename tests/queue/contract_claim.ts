import { assert, assertEquals } from "@std/assert";
import type { ClaimedTask } from "../../queue/task_model.ts";
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
  settleAll,
} from "./contract_kit.ts";

/** What the list promises about claiming. */
export function contractClaim(name: string, open: OpenList): void {
  Deno.test(`${name} claim goes by priority, then by age within a host`, async () => {
    await using list = await open();
    const url = (i: number) => `http://one.example/${i}`;
    const wanted = [[5, 9], [4, 3], [4, 4], [0, 0], [0, 1], [0, 2], [-1, 8], [-7, 5], [-7, 6], [-7, 7]] as const;
    const order = [...wanted].sort((a, b) => a[1] - b[1]);
    for (const [priority, i] of order) await list.add([draft(i, { priority, url: url(i) })]);
    const single = await claimAs(list, "o", 4);
    const rest = await list.claim({ owner: "o", core: 1, limit: 100 });
    assertEquals([...single, ...rest].map((task) => task.url), wanted.map(([, i]) => url(i)));
  });

  Deno.test(`${name} claim keeps the age order of a host over many batches`, async () => {
    await using list = await open();
    const many = drafts(450).map((one, i) => ({ ...one, url: `http://one.example/${i}` }));
    await list.add(many.slice(0, 300));
    await list.add(many.slice(300));
    await list.register(ownerInfo("o"));
    const urls: string[] = [];
    for (const limit of [1, 150, 99, 100, 3, 1000]) {
      urls.push(...(await list.claim({ owner: "o", core: 1, limit })).map((task) => task.url));
    }
    assertEquals(urls, many.map((one) => one.url));
  });

  Deno.test(`${name} claim prefers a higher priority that was added later`, async () => {
    await using list = await open();
    await list.add(drafts(300));
    await list.add(drafts(5, { priority: 10 }, 1000));
    const claimed = await claimAs(list, "o", 20);
    assertEquals(claimed.slice(0, 5).map((task) => task.priority), [10, 10, 10, 10, 10]);
    assertEquals(claimed.length, 20);
  });

  Deno.test(`${name} claim moves a task to running with its core, its owner and a fence`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one", headers: { a: "b" } })]);
    const [task] = await claimAs(list, "o", 10, 7);
    assert(task !== undefined);
    assertEquals([task.status, task.core, task.owner, task.id], ["running", 7, "o", "one"]);
    assert(task.fence.length > 0);
    const { fence: _, ...stored } = task;
    assertEquals(await list.get("one"), stored);
    assertEquals(await listAll(list, "running"), [stored]);
    assertEquals(await list.counts(), countsOf({ running: 1 }));
    assertEquals(await list.claim({ owner: "o", core: 7, limit: 10 }), []);
  });

  Deno.test(`${name} claim gives a higher fence with every claim of a task`, async () => {
    await using list = await open();
    await list.add([draft(1)]);
    const fences: string[] = [];
    for (let i = 0; i < 5; i++) {
      const [task] = await claimAs(list, "o", 1);
      fences.push(task!.fence);
      assertEquals(await settleAll(list, [task!], { type: "released" }), ["settled"]);
    }
    assertEquals([...fences].sort(), fences);
    assertEquals(new Set(fences).size, 5);
  });

  Deno.test(`${name} claim takes no more than its limit, and all there is below it`, async () => {
    await using list = await open();
    await list.add(drafts(530));
    await list.register(ownerInfo("o"));
    const sizes: number[] = [];
    for (const limit of [0, 1, 10, 100, 99, 250, 1000]) {
      sizes.push((await list.claim({ owner: "o", core: 1, limit })).length);
    }
    assertEquals(sizes, [0, 1, 10, 100, 99, 250, 70]);
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 10 }), []);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} claim takes from few hosts and many, whichever worker asks`, async () => {
    await using list = await open();
    await list.add(drafts(40).map((one, i) => ({ ...one, url: `http://h${i}.example/${i}` })));
    await list.register(ownerInfo("o"));
    const claimed: ClaimedTask[] = [];
    for (const worker of [{ index: 0, of: 3 }, { index: 2, of: 3 }, { index: 19, of: 20 }, { index: 1, of: 2 }]) {
      claimed.push(...await list.claim({ owner: "o", core: 1, limit: 7, worker }));
    }
    claimed.push(...await list.claim({ owner: "o", core: 1, limit: 100, worker: { index: 3, of: 4 } }));
    assertEquals(new Set(idsOf(claimed)).size, 40);
  });

  Deno.test(`${name} claim gives nothing to an owner that is not registered, or has left`, async () => {
    await using list = await open();
    await list.add(drafts(3));
    assertEquals(await list.claim({ owner: "nobody", core: 1, limit: 10 }), []);
    await list.register(ownerInfo("o"));
    await list.leave("o");
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 10 }), []);
    assertEquals(await list.counts(), countsOf({ waiting: 3 }));
  });

  Deno.test(`${name} claim leaves a task alone until its time has come`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([
      draft(1, { notBefore: 5000 }),
      draft(2),
      draft(3, { notBefore: 3000 }),
      draft(4, { notBefore: 1 }),
    ]);
    const first = await claimAs(list, "o");
    assertEquals(first.map((task) => task.out).sort(), ["files/2", "files/4"]);
    clock.advance(1999);
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 9 }), []);
    clock.advance(1);
    const second = await list.claim({ owner: "o", core: 1, limit: 9 });
    assertEquals(second.map((task) => task.out), ["files/3"]);
    assert(!("notBefore" in second[0]!));
    assertEquals((await list.counts()).waiting, 1);
    clock.advance(2000);
    assertEquals((await list.claim({ owner: "o", core: 1, limit: 9 })).map((task) => task.out), ["files/1"]);
  });

  Deno.test(`${name} claim gets at thousands of tasks whose time has come at once`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add(drafts(2300, { notBefore: 2000 }));
    await list.register(ownerInfo("o"));
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 10 }), []);
    clock.advance(60_000);
    const ids = new Set<string>();
    for (let calls = 0; ids.size < 2300; calls++) {
      assert(calls < 12, "every claim is as large as it asks to be");
      for (const task of await list.claim({ owner: "o", core: 1, limit: 200 })) ids.add(task.id);
    }
    await assertCountsMatch(list);
  });
}
