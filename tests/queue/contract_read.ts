import { assert, assertEquals, assertRejects } from "@std/assert";
import type { TaskOutcome, TaskStatus } from "../../queue/task_model.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  DONE,
  draft,
  drafts,
  fakeClock,
  idsOf,
  listAll,
  type OpenList,
  retry,
  settleAll,
  taskError,
} from "./contract_kit.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";

const STATES: Partial<Record<TaskStatus, number>> = { waiting: 600, running: 130, failed: 220, done: 350 };

/** Puts 1,300 tasks on a list, in every state that a claim can lead to; 250 of those that wait have a time. */
async function fill(list: TaskSharedList): Promise<void> {
  await list.add(drafts(250, { notBefore: 9e12 }, 5000));
  await list.add(drafts(1050));
  const claimed = await claimAs(list, "o", 700);
  const failed: TaskOutcome = { type: "failed", startedAt: 1, error: taskError() };
  await settleAll(list, claimed.slice(0, 350));
  await settleAll(list, claimed.slice(480), failed);
}

/** What the list promises about looking at it, and about moving settled tasks again. */
export function contractRead(name: string, open: OpenList): void {
  Deno.test(`${name} list pages through every state without omission or duplication`, async () => {
    await using list = await open();
    await fill(list);
    assertEquals(await list.counts(), countsOf(STATES));
    for (const limit of [1000, 100, 37]) {
      const all = await listAll(list, undefined, limit);
      assertEquals(new Set(idsOf(all)).size, 1300, `limit ${limit}`);
      for (const [status, count] of Object.entries(STATES)) {
        const some = await listAll(list, status as TaskStatus, limit);
        assertEquals(new Set(some.map((task) => task.status)), new Set([status as TaskStatus]));
        assertEquals([some.length, new Set(idsOf(some)).size], [count, count]);
        assertEquals(idsOf(all.filter((task) => task.status === status)).sort(), idsOf(some).sort());
      }
    }
    assertEquals((await list.list()).tasks.length, 100, "the default page");
  });

  Deno.test(`${name} list has no cursor on the last page, though it is full`, async () => {
    await using list = await open();
    assertEquals(await list.list(), { tasks: [] });
    await list.add(drafts(20));
    await claimAs(list, "o", 10);
    for (const [status, limit] of [[undefined, 20], ["waiting", 10], ["running", 10], ["running", 5]] as const) {
      const request = { limit, ...(status === undefined ? {} : { status }) };
      const first = await list.list(request);
      assertEquals(first.tasks.length, limit);
      assertEquals(first.cursor !== undefined, limit === 5);
      if (first.cursor === undefined) continue;
      const last = await list.list({ ...request, cursor: first.cursor });
      assertEquals([last.tasks.length, last.cursor], [5, undefined]);
    }
    assertEquals(await list.list({ status: "paused" }), { tasks: [] });
  });

  Deno.test(`${name} list takes a cursor though its task has moved on`, async () => {
    await using list = await open();
    await list.add(drafts(30));
    const claimed = await claimAs(list, "o");
    await settleAll(list, claimed.slice(0, 20), { type: "failed", startedAt: 1, error: taskError() });
    const first = await list.list({ status: "failed", limit: 10 });
    assertEquals(await retry(list, { ids: idsOf(first.tasks.slice(-1)) }), 1);
    const second = await list.list({ status: "failed", limit: 100, cursor: first.cursor! });
    assertEquals(new Set(idsOf([...first.tasks, ...second.tasks])).size, 20);
  });

  Deno.test(`${name} list rejects a limit or a cursor that makes no sense`, async () => {
    await using list = await open();
    await list.add(drafts(3));
    for (const limit of [0, -1, 1.5, NaN]) await assertRejects(() => list.list({ limit }), RangeError);
    const { cursor } = await list.list({ status: "waiting", limit: 1 });
    for (const bad of ["", "x", btoa("[]"), btoa("[0]"), `${cursor}x`.slice(3)]) {
      await assertRejects(() => list.list({ cursor: bad }), RangeError, "cursor");
    }
  });

  Deno.test(`${name} get finds a task in every state, by given and by assigned id`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    const outcomes: Record<string, TaskOutcome> = {
      done: DONE,
      failed: { type: "failed", startedAt: 1, error: taskError() },
      delayed: { type: "retry", startedAt: 1, error: taskError(), notBefore: 5000 },
      released: { type: "released" },
    };
    const names = ["waiting", "running", ...Object.keys(outcomes)];
    const ids = new Map<string, string>();
    for (const [i, state] of names.entries()) {
      const [given, assigned] = await list.add([
        draft(i, { id: `given ${state}`, priority: i }),
        draft(i + 50, { priority: i }),
      ]);
      assert(given?.type === "added" && assigned?.type === "added");
      ids.set(given.id, state).set(assigned.id, state);
      if (state === "waiting") continue;
      for (const task of await claimAs(list, "o", 2)) {
        assertEquals(ids.get(task.id), state, "the newest has the highest priority");
        if (outcomes[state] !== undefined) await settleAll(list, [task], outcomes[state]);
      }
      if (state === "released") break;
    }
    await list.add(drafts(300, { priority: -5 }, 100));
    for (const [id, state] of ids) {
      const task = await list.get(id);
      assertEquals(task?.id, id, `${id} is ${state}`);
      const status = state === "delayed" || state === "released" ? "waiting" : state;
      assertEquals([task?.status, task?.notBefore], [status as TaskStatus, state === "delayed" ? 5000 : undefined]);
    }
    for (const unknown of ["t999999", "t0", "t01", "x", "", "t", "t1e3", "given"]) {
      assertEquals(await list.get(unknown), undefined, unknown);
    }
  });

  Deno.test(`${name} get finds each of a thousand tasks that wait, run and are given back`, async () => {
    await using list = await open();
    const added = await list.add(drafts(1000));
    const claimed = await claimAs(list, "o", 300);
    await settleAll(list, claimed.filter((_, i) => i % 2 === 0), { type: "released" });
    for (const [i, result] of added.entries()) {
      if (i % 11 === 0 && result.type === "added") assertEquals((await list.get(result.id))?.out, result.out);
    }
  });

  Deno.test(`${name} retry lets every failed task wait again with a fresh budget`, async () => {
    await using list = await open();
    await fill(list);
    assertEquals(await retry(list, {}), 220);
    assertEquals(await retry(list, {}), 0);
    assertEquals(await list.counts(), countsOf({ ...STATES, waiting: 820, failed: 0 }));
    const again = (await assertCountsMatch(list)).filter((task) => task.status === "waiting");
    assertEquals(again.filter((task) => task.attempts + task.crashes > 0 || task.error || task.finishedAt), []);
    assertEquals((await claimAs(list, "p")).length, 570, "all but those with a time");
  });

  Deno.test(`${name} retry takes only what the request names`, async () => {
    await using list = await open();
    await list.add(
      ["done", "curable", "hopeless", "waiting", "running"].map((id, i) => draft(i, { id, priority: -i })),
    );
    const claimed = await claimAs(list, "o", 3);
    assertEquals(idsOf(claimed), ["done", "curable", "hopeless"]);
    await list.settle([
      { task: claimed[0]!, outcome: DONE },
      { task: claimed[1]!, outcome: { type: "failed", startedAt: 1, error: taskError({ retryable: true }) } },
      { task: claimed[2]!, outcome: { type: "failed", startedAt: 1, error: taskError({ retryable: false }) } },
    ]);
    assertEquals(await retry(list, { ids: [] }), 0);
    assertEquals(await retry(list, { ids: ["waiting", "running", "unknown", "t1"] }), 0);
    assertEquals(await retry(list, { ids: ["hopeless", "done"], retryableOnly: true }), 0);
    assertEquals(await retry(list, { retryableOnly: true }), 1);
    assertEquals((await list.get("curable"))?.status, "waiting");
    assertEquals(await retry(list, { ids: ["done", "hopeless", "done"] }), 2);
    assertEquals(await list.counts(), countsOf({ waiting: 5 }));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} retry lets done tasks wait again, with all that is known of their files`, async () => {
    await using list = await open();
    await fill(list);
    assertEquals(await retry(list, { status: "done" }), 350);
    assertEquals(await retry(list, { status: "done" }), 0);
    assertEquals(await retry(list, { status: "canceled" }), 0);
    assertEquals(await list.counts(), countsOf({ ...STATES, waiting: 950, done: 0 }));
    const again = (await assertCountsMatch(list)).filter(({ bytes }) => bytes !== undefined);
    assertEquals(again.length, 350);
    for (const { status, attempts, etag, lastModified, finalUrl, bytes, finishedAt } of again) {
      assertEquals([status, attempts, finishedAt], ["waiting", 0, undefined]);
      assert(DONE.type === "done");
      assertEquals({ bytes, finalUrl, etag, lastModified } as unknown, DONE.facts);
    }
    const claimed = (await claimAs(list, "p", 2000)).filter(({ bytes }) => bytes !== undefined);
    assertEquals([claimed.length, claimed[0]?.etag], [350, '"x"']);
  });

  Deno.test(`${name} retry takes only what was settled before a time, and of a state that is named`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "old" }), draft(2, { id: "failed" }), draft(3, { id: "new" })]);
    const claimed = await claimAs(list, "o");
    const of = (id: string) => claimed.filter((task) => task.id === id);
    await settleAll(list, of("old"));
    await settleAll(list, of("failed"), { type: "failed", startedAt: 1, error: taskError() });
    clock.advance(1000);
    await settleAll(list, of("new"));
    assertEquals(await retry(list, { status: "done", finishedBefore: 1000 }), 0);
    assertEquals(await retry(list, { status: "done", finishedBefore: 2000 }), 1);
    assertEquals((await list.get("old"))?.status, "waiting");
    assertEquals(await retry(list, { ids: ["new", "failed"], status: "failed", finishedBefore: 1000 }), 0);
    assertEquals(await retry(list, { ids: ["new", "failed"], status: "failed" }), 1);
    assertEquals(await retry(list, { ids: ["new"], retryableOnly: true }), 0);
    assertEquals(await list.counts(), countsOf({ waiting: 2, done: 1 }));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} retry ends early when it is told to, and what it has moved stays so`, async () => {
    await using list = await open();
    await list.add(drafts(2000));
    const claimed = await claimAs(list, "o", 2000);
    await settleAll(list, claimed);
    const moved = await retry(list, { status: "done", signal: AbortSignal.abort() });
    assert(moved < 2000, `${moved}`);
    assertEquals(await list.counts(), countsOf({ waiting: moved, done: 2000 - moved }));
    assertEquals(await retry(list, { status: "done" }), 2000 - moved);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} retry wakes those who wait for something to claim`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    await settleAll(list, await claimAs(list, "o"));
    let calls = 0;
    list.onWake(() => calls++);
    await retry(list, {});
    assertEquals(calls, 0);
    await retry(list, { ids: ["one"] });
    assertEquals(calls, 1);
  });
}
