import { assert, assertEquals } from "@std/assert";
import { MAX_CRASHES, type TaskOutcome } from "../../queue/task_model.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  draft,
  drafts,
  fakeClock,
  type OpenList,
  retry,
  settleAll,
  settlements,
  taskError,
} from "./contract_kit.ts";

/** What the list promises about ending claims. */
export function contractSettle(name: string, open: OpenList): void {
  Deno.test(`${name} settle as done stores what is known of the file`, async () => {
    const clock = fakeClock(7000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one", headers: { a: "b" } })]);
    const [task] = await claimAs(list, "o", 1, 3);
    const [result] = await list.settle(settlements([task!]));
    const { fence: _fence, owner: _owner, ...rest } = task!;
    const expected = {
      ...rest,
      status: "done" as const,
      attempts: 1,
      startedAt: 5,
      finishedAt: 7000,
      bytes: 10,
      finalUrl: "http://final.example/",
      etag: '"x"',
      lastModified: "Thu, 01 Jan 1970 00:00:00 GMT",
    };
    assertEquals(result, { type: "settled", task: expected });
    assertEquals(await list.get("one"), expected);
    assertEquals(await list.counts(), countsOf({ done: 1 }));
  });

  Deno.test(`${name} settle as failed keeps the error`, async () => {
    const clock = fakeClock(7000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" })]);
    const error = taskError({ kind: "network", retryable: false });
    await settleAll(list, await claimAs(list, "o"), { type: "failed", startedAt: 6, error });
    const task = await list.get("one");
    assertEquals([task?.status, task?.attempts, task?.startedAt, task?.finishedAt], ["failed", 1, 6, 7000]);
    assertEquals(task?.error, error);
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 1 }), []);
  });

  Deno.test(`${name} settle as retry counts the attempt and honours notBefore`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" }), draft(2, { id: "two" })]);
    const claimed = await claimAs(list, "o");
    const error = taskError();
    await list.settle(claimed.map((task) => ({
      task,
      outcome: { type: "retry", startedAt: 900, error, notBefore: task.id === "one" ? 4000 : 500 },
    })));
    assertEquals(await list.counts(), countsOf({ waiting: 2 }));
    const waiting = await list.get("one");
    assertEquals([waiting?.status, waiting?.attempts, waiting?.notBefore], ["waiting", 1, 4000]);
    assertEquals(waiting?.error, error);
    assert(!("owner" in waiting!));
    const [second] = await list.claim({ owner: "o", core: 1, limit: 5 });
    assertEquals(second?.id, "two");
    clock.advance(2999);
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 5 }), []);
    clock.advance(1);
    const [first] = await list.claim({ owner: "o", core: 1, limit: 5 });
    assertEquals([first?.id, first?.attempts], ["one", 1]);
    await settleAll(list, [first!, second!]);
    assertEquals((await list.get("one"))?.attempts, 2);
    assert(!("error" in (await list.get("one"))!));
  });

  Deno.test(`${name} settle as released counts no attempt and lets others claim at once`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    assertEquals(await settleAll(list, await claimAs(list, "a"), { type: "released" }), ["settled"]);
    const task = await list.get("one");
    assertEquals([task?.status, task?.attempts, task?.crashes], ["waiting", 0, 0]);
    assertEquals((await claimAs(list, "b")).map((claimed) => claimed.owner), ["b"]);
  });

  Deno.test(`${name} settle as deferred counts no attempt, and lets nobody claim before the time`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" })]);
    assertEquals(await settleAll(list, await claimAs(list, "a"), { type: "deferred", notBefore: 2000 }), ["settled"]);
    const task = await list.get("one");
    assertEquals([task?.status, task?.attempts, task?.crashes, task?.notBefore], ["waiting", 0, 0, 2000]);
    assertEquals(await claimAs(list, "a"), []);
    clock.advance(1000);
    assertEquals((await claimAs(list, "a")).map((claimed) => claimed.id), ["one"]);
    assertEquals(await list.counts(), countsOf({ running: 1 }));
  });

  Deno.test(`${name} settle as crashed lets a task wait again, until it fails for good`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    for (let crashes = 1; crashes <= MAX_CRASHES; crashes++) {
      assertEquals(await settleAll(list, await claimAs(list, "o"), { type: "crashed" }), ["settled"]);
      const task = await list.get("one");
      assertEquals([task?.crashes, task?.attempts], [crashes, 0]);
      assertEquals(task?.status, crashes < MAX_CRASHES ? "waiting" : "failed");
    }
    assertEquals((await list.get("one"))?.error?.kind, "crash");
    assertEquals(await list.counts(), countsOf({ failed: 1 }));
  });

  Deno.test(`${name} settle after an attempt that ended forgets the crashes before it`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" })]);
    const crash = async (times: number) => {
      for (let i = 0; i < times; i++) await settleAll(list, await claimAs(list, "o"), { type: "crashed" });
    };
    await crash(MAX_CRASHES - 1);
    const outcome: TaskOutcome = { type: "retry", startedAt: 1, error: taskError(), notBefore: 0 };
    await settleAll(list, await claimAs(list, "o"), outcome);
    await crash(MAX_CRASHES - 1);
    assertEquals((await list.get("one"))?.status, "waiting");
    await crash(1);
    assertEquals((await list.get("one"))?.status, "failed");
  });

  Deno.test(`${name} settle is stale once the claim has ended, and then changes nothing`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    const [first] = await claimAs(list, "a");
    assertEquals(await settleAll(list, [first!], { type: "released" }), ["settled"]);
    assertEquals(await settleAll(list, [first!]), ["stale"], "after a release");
    assertEquals((await list.get("one"))?.status, "waiting");
    const [second] = await claimAs(list, "a");
    assertEquals(await settleAll(list, [first!]), ["stale"], "while the same owner runs it again");
    assertEquals((await list.get("one"))?.status, "running");
    assertEquals(await settleAll(list, [{ ...second!, owner: "b" }]), ["stale"], "under another's name");
    assertEquals(await settleAll(list, [second!, second!, first!]), ["settled", "stale", "stale"], "twice in a batch");
    const failed: TaskOutcome = { type: "failed", startedAt: 1, error: taskError() };
    assertEquals(await settleAll(list, [second!], failed), ["stale"], "twice");
    assertEquals((await list.get("one"))?.status, "done");
    assertEquals(await list.counts(), countsOf({ done: 1 }));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} settle takes the first of two outcomes for one claim`, async () => {
    await using list = await open();
    await list.add(drafts(3));
    const claimed = await claimAs(list, "o");
    const results = await list.settle([
      { task: claimed[0]!, outcome: { type: "released" } },
      ...settlements(claimed),
      { task: claimed[2]!, outcome: { type: "failed", startedAt: 1, error: taskError() } },
    ]);
    assertEquals(results.map((result) => result.type), ["settled", "stale", "settled", "settled", "stale"]);
    assertEquals(await list.counts(), countsOf({ waiting: 1, done: 2 }));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} settle ends the good ones of a batch in which others are stale`, async () => {
    await using list = await open();
    await list.add(drafts(300));
    const claimed = await claimAs(list, "o");
    assertEquals(claimed.length, 300);
    const lost = claimed.filter((_, i) => i % 7 === 3 || (i > 100 && i < 160));
    await settleAll(list, lost, { type: "released" });
    const again = await claimAs(list, "p", 20);
    const results = await settleAll(list, claimed);
    assertEquals(results, claimed.map((task) => lost.includes(task) ? "stale" : "settled"));
    assertEquals(
      await list.counts(),
      countsOf({ done: 300 - lost.length, running: again.length, waiting: lost.length - again.length }),
    );
    await assertCountsMatch(list);
  });

  Deno.test(`${name} settle stores what outgrew a record, without the parts that can be spared`, async () => {
    await using list = await open();
    const long = "y".repeat(40 * 1024);
    await list.add([
      draft(1, { id: "long url", url: `http://a.example/${long}` }),
      draft(2, { id: "long error", headers: { cookie: long } }),
    ]);
    const claimed = await claimAs(list, "o");
    const results = await list.settle(claimed.map((task) => ({
      task,
      outcome: task.id === "long url"
        ? { type: "done", startedAt: 1, facts: { bytes: 3, finalUrl: `http://b.example/${long}` } }
        : { type: "failed", startedAt: 1, error: taskError({ message: "z".repeat(80 * 1024) }) },
    })));
    assertEquals(results.map((result) => result.type), ["settled", "settled"]);
    assertEquals((await list.get("long url"))?.bytes, 3);
    assert((await list.get("long error"))?.error?.message.startsWith("zzz"));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} settle as done keeps no fact of an older file`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    await settleAll(list, await claimAs(list, "o"));
    assertEquals(await retry(list, { ids: ["one"] }), 1);
    const facts = { bytes: 11, finalUrl: "http://new.example/" };
    await settleAll(list, await claimAs(list, "o"), { type: "done", startedAt: 2, facts });
    const task = await list.get("one");
    assertEquals([task?.bytes, task?.finalUrl, task?.etag, task?.lastModified], [
      11,
      facts.finalUrl,
      undefined,
      undefined,
    ]);
  });
}
