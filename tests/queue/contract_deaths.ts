import { assertEquals } from "@std/assert";
import { type ClaimedTask, MAX_CRASHES } from "../../queue/task_model.ts";
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
  settleAll,
} from "./contract_kit.ts";

/** What the list promises about whom a death is blamed on. */
export function contractDeaths(name: string, open: OpenList): void {
  Deno.test(`${name} note of what was reached forgets the deaths before it, if it is more than ever`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    // Far more deaths than a task survives that stands still.
    for (let round = 1; round <= 2 * MAX_CRASHES; round++) {
      const [task] = await claimAs(list, `o${round}`);
      assertEquals([task?.crashes, task?.reached], round === 1 ? [0, undefined] : [1, (round - 1) * 100]);
      const [noted] = await list.note([{ task: task!, note: { type: "reached", bytes: round * 100 } }]);
      assertEquals(noted?.type === "noted" && [noted.task.crashes, noted.task.fence, noted.task.begun], [
        0,
        task!.fence,
        true,
      ]);
      assertEquals(await list.reclaim(() => false), 1);
    }
    const reached = 2 * MAX_CRASHES * 100;
    for (let round = 1; round < MAX_CRASHES; round++) {
      const [task] = await claimAs(list, `p${round}`);
      const [noted] = await list.note([{ task: task!, note: { type: "reached", bytes: reached } }]);
      assertEquals(noted?.type === "noted" && noted.task.crashes, round, "as much as before is no progress");
      assertEquals(await list.reclaim(() => false), 1);
    }
    assertEquals((await list.get("one"))?.status, "failed");
    assertEquals(await list.control({ verb: "retry", ids: ["one"] }).then(({ touched }) => touched), 1);
    assertEquals((await list.get("one"))?.reached, undefined, "a fresh budget begins at nothing");
    const [task] = await claimAs(list, "q");
    const [noted] = await list.note([{ task: task!, note: { type: "reached", bytes: 5 } }]);
    // Whoever settles has what was noted.
    assertEquals(await settleAll(list, noted?.type === "noted" ? [noted.task] : []), ["settled"]);
    assertEquals((await assertCountsMatch(list)).map(({ status, reached }) => [status, reached]), [[
      "done",
      undefined,
    ]]);
  });

  Deno.test(`${name} note of tasks that wait for their turn keeps them from the blame for their owner's death`, async () => {
    await using list = await open();
    await list.add(drafts(12));
    const claimed = await claimAs(list, "o");
    const results = await list.note(claimed.map((task) => ({ task, note: { type: "idle", on: true } })));
    assertEquals(new Set(results.map(({ type }) => type)), new Set(["noted"]));
    const noted = results.flatMap((result) => result.type === "noted" ? [result.task] : []);
    assertEquals(noted.map(({ seq }) => seq), claimed.map(({ seq }) => seq));
    await list.note([
      { task: noted[0]!, note: { type: "idle", on: false } },
      { task: noted[1]!, note: { type: "idle", on: false } },
      { task: noted[1]!, note: { type: "idle", on: true } },
    ]);
    assertEquals(await list.reclaim(() => false), 12);
    const all = await assertCountsMatch(list);
    assertEquals(idsOf(all.filter(({ crashes }) => crashes > 0)), [noted[0]!.id]);
    assertEquals(all.filter(({ idle }) => idle === true), []);
    const again = await claimAs(list, "p");
    assertEquals(again.filter(({ idle }) => idle === true), [], "that was said of the claim before");
  });

  Deno.test(`${name} note is stale once the claim has ended`, async () => {
    await using list = await open();
    await list.add(drafts(3));
    const [one, two, three] = await claimAs(list, "o");
    await settleAll(list, [one!]);
    await list.control({ verb: "pause", ids: [two!.id] });
    const note = { type: "reached", bytes: 1 } as const;
    const types = async () =>
      (await list.note([one!, two!, three!].map((task) => ({ task, note })))).map(({ type }) => type);
    assertEquals(await types(), ["stale", "stale", "noted"]);
    await list.reclaim(() => false);
    assertEquals(await types(), ["stale", "stale", "stale"]);
    await claimAs(list, "p");
    assertEquals(await types(), ["stale", "stale", "stale"]);
    assertEquals(await list.note([]), []);
    assertEquals(await list.counts(), countsOf({ done: 1, paused: 1, running: 1 }));
  });

  Deno.test(`${name} reclaim blames nobody for an owner that stands still, after its lease`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(9));
    for (let round = 0; round <= MAX_CRASHES; round++) {
      const claimed = await claimAs(list, `o${round}`);
      assertEquals(await list.reclaim(() => "stuck"), 0, "not before");
      clock.advance(15_001);
      assertEquals(await list.reclaim(() => "stuck"), 9);
      assertEquals(await list.heartbeat(`o${round}`), "lost");
      assertEquals(new Set(await settleAll(list, claimed)), new Set(["stale"]));
    }
    const all = await assertCountsMatch(list);
    assertEquals(all.filter(({ crashes, attempts, begun }) => crashes + attempts > 0 || begun !== true), []);
  });

  Deno.test(`${name} revive takes back the deaths of an owner that was not heard of, and no other`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(12).map((one, i) => ({ ...one, id: `${i}` })));
    const lose = async (owner: string, known?: false) => {
      const claimed = await claimAs(list, owner);
      clock.advance(15_001);
      await list.reclaim(() => known);
      return claimed;
    };
    const crashes = async () => new Set((await assertCountsMatch(list)).map(({ crashes }) => crashes));
    const certain = await lose("dead", false);
    await list.revive(certain);
    assertEquals(await crashes(), new Set([1]), "its process is gone");
    const frozen = await lose("frozen");
    assertEquals(await crashes(), new Set([2]));
    // Wherever they are by then: waiting, later, paused, running, done, gone.
    await list.control({ verb: "pause", ids: ["0"] });
    await list.control({ verb: "remove", ids: ["1"] });
    const others = await claimAs(list, "other", 11);
    const [later, done, ...running] = others;
    await settleAll(list, [later!], { type: "deferred", notBefore: clock.now() + 1000 });
    await settleAll(list, [done!]);
    await settleAll(list, running.slice(2), { type: "released" });
    await list.revive(frozen);
    await list.revive(frozen);
    assertEquals(new Map((await assertCountsMatch(list)).map(({ id, crashes }) => [id, crashes])).get(done!.id), 0);
    assertEquals(
      new Set((await listAll(list)).filter(({ id }) => id !== done!.id).map(({ crashes }) => crashes)),
      new Set([1]),
    );
    // What runs is judged by its record.
    await list.reclaim(() => false);
    assertEquals(await list.get(running[0]!.id).then((task) => task?.crashes), 2);
  });

  Deno.test(`${name} revive lets a task wait again that failed by the deaths of an owner that lives`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(3));
    let last: ClaimedTask[] = [];
    for (let round = 1; round <= MAX_CRASHES; round++) {
      last = await claimAs(list, `o${round}`);
      clock.advance(15_001);
      assertEquals(await list.reclaim(), 3);
    }
    assertEquals(await list.counts(), countsOf({ failed: 3 }));
    await list.revive(last.map((task) => ({ ...task, fence: "another" })));
    assertEquals(await list.counts(), countsOf({ failed: 3 }));
    await list.revive(last);
    assertEquals(await list.counts(), countsOf({ waiting: 3 }));
    const again = await claimAs(list, "p");
    assertEquals(
      again.map(({ crashes, error, finishedAt }) => [crashes, error, finishedAt]),
      Array(3).fill([4, undefined, undefined]),
    );
  });

  Deno.test(`${name} reclaim tells which tasks fail by it`, async () => {
    await using list = await open();
    await list.add(drafts(2));
    const failed: [id: string, status: string, message: string | undefined][] = [];
    for (let round = 1; round <= MAX_CRASHES; round++) {
      assertEquals(failed, []);
      await claimAs(list, `o${round}`);
      await list.reclaim(() => false, ({ id, status, error }) => failed.push([id, status, error?.message]));
    }
    const message = `The owner of this task died ${MAX_CRASHES} times in a row while running it`;
    assertEquals(failed.sort(), [["t1", "failed", message], ["t2", "failed", message]]);
  });
}
