import { assert, assertEquals } from "@std/assert";
import type { TaskFilter } from "../../queue/task_filter.ts";
import type { ControlVerb } from "../../queue/task_shared_list.ts";
import { claimAs, countsOf, DONE, draft, drafts, fakeClock, idsOf, type OpenList, taskError } from "./contract_kit.ts";

/** What the list tells of its tasks: which of them, and what became of each. */
export function contractLedger(name: string, open: OpenList): void {
  Deno.test(`${name} list shows what a filter means, page by page, in every state`, async () => {
    await using list = await open();
    await list.add(
      drafts(600).map((one, i) => ({ ...one, out: `${i % 3 === 0 ? "a" : "b"}/${i}`, priority: -(i % 2) })),
    );
    const claimed = await claimAs(list, "o", 200);
    await list.settle(
      claimed.slice(0, 100).map((task, i) => ({
        task,
        outcome: i % 2 === 0
          ? DONE
          : { type: "failed", startedAt: 1, error: taskError({ status: i % 4 === 1 ? 503 : 404 }) },
      })),
    );
    const shown = async (filter: TaskFilter, limit: number) => {
      const tasks = [];
      let cursor: string | undefined;
      do {
        const page = await list.list({ filter, limit, ...(cursor === undefined ? {} : { cursor }) });
        tasks.push(...page.tasks);
        if (page.cursor !== undefined) assertEquals(page.tasks.length, limit);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return tasks;
    };
    for (const limit of [1, 7, 100]) {
      assertEquals((await shown({ error: ["http-503"] }, limit)).length, 25);
      assertEquals((await shown({ status: ["failed", "running"] }, limit)).length, 150);
    }
    const all = await shown({}, 100);
    assertEquals(all.length, 600);
    const ours = await shown({ out: ["a/*"], host: ["host3.example"] }, 9);
    const expected = all.filter(({ out, url }) => out.startsWith("a/") && url.includes("host3."));
    assertEquals(idsOf(ours), idsOf(expected));
    const { url } = all[17]!;
    assertEquals(idsOf(await shown({ url: [url.replace("//", "//me:secret@")] }, 3)), idsOf([all[17]!]));
  });

  Deno.test(`${name} settle writes the story of a task that fails, and keeps it through everything`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" })]);
    const fail = async (status: number, at: number) => {
      const [task] = await claimAs(list, "o", 1, 7);
      const error = taskError({ status, at, message: "x".repeat(500) });
      await list.settle([{ task: task!, outcome: { type: "retry", startedAt: at - 1, error, notBefore: at + 1 } }]);
      clock.advance(100);
    };
    for (let i = 0; i < 20; i++) await fail(500 + i, clock.now());
    const history = (await list.get("one"))!.history!;
    assertEquals(history.map(({ status }) => status), [500, 509, 510, 511, 512, 513, 514, 515, 516, 517, 518, 519]);
    assertEquals(history[0], {
      at: 1000,
      startedAt: 999,
      kind: "http",
      status: 500,
      message: "x".repeat(200),
      core: 7,
      again: 1001,
    });
    await list.control({ verb: "pause", ids: ["one"] });
    await list.control({ verb: "resume", ids: ["one"] });
    const [last] = await claimAs(list, "o", 1);
    await list.settle([{ task: last!, outcome: { type: "failed", startedAt: 1, error: taskError({ status: 404 }) } }]);
    await list.control({ verb: "retry", ids: ["one"] });
    const [again] = await claimAs(list, "o", 1);
    await list.settle([{ task: again!, outcome: DONE }]);
    const done = (await list.get("one"))!;
    assertEquals([done.status, done.history!.length, done.history!.at(-1)!.status], ["done", 12, 404]);
    assertEquals(done.history!.at(-1)!.again, undefined);
    assertEquals(await list.counts(), countsOf({ done: 1 }));
  });

  Deno.test(`${name} settle writes no story for a task that succeeds at once`, async () => {
    await using list = await open();
    await list.add([draft(1)]);
    const [task] = await claimAs(list, "o", 1);
    await list.settle([{ task: task!, outcome: DONE }]);
    assertEquals((await list.get(task!.id))!.history, undefined);
  });

  Deno.test(`${name} control writes what users did into the story of a task, and keeps it through everything`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add([draft(1, { id: "one" }), draft(2, { id: "two" })]);
    const at = async (now: number, verb: ControlVerb, priority?: number) => {
      clock.advance(now - clock.now());
      await list.control({ verb, ids: ["one"], ...(priority === undefined ? {} : { priority }) });
    };
    await at(1010, "pause");
    await at(1020, "resume");
    await at(1030, "priority", 5);
    const [task] = await claimAs(list, "o", 1);
    await at(1040, "priority", 7);
    const error = taskError({ status: 503, at: 1045 });
    await list.settle([{ task: task!, outcome: { type: "retry", startedAt: 1041, error, notBefore: 1046 } }]);
    clock.advance(10);
    const [again] = await claimAs(list, "o", 1);
    assertEquals(again!.id, "one");
    await at(1060, "cancel");
    await list.control({ verb: "retry", ids: ["one"] });
    await list.settle((await claimAs(list, "o", 1)).map((one) => ({ task: one, outcome: DONE })));
    const done = (await list.get("one"))!;
    assertEquals([done.status, done.priority, done.history!.map(({ startedAt }) => startedAt)], ["done", 7, [1041]]);
    assertEquals(done.moves, [
      { at: 1010, move: "pause" },
      { at: 1020, move: "resume" },
      { at: 1030, move: "prioritize", priority: 5 },
      { at: 1040, move: "prioritize", ran: true, priority: 7 },
      { at: 1060, move: "cancel", ran: true },
    ]);
    for (let priority = 1; priority < 10; priority++) {
      await list.control({ verb: "priority", ids: ["two"], priority });
    }
    assertEquals((await list.get("two"))!.moves!.map(({ priority }) => priority), [1, 3, 4, 5, 6, 7, 8, 9]);
    await list.settle((await claimAs(list, "o", 1)).map((one) => ({ task: one, outcome: DONE })));
    assertEquals((await list.get("two"))!.moves!.length, 8);
  });

  Deno.test(`${name} control tells of each task that it moves, as it was, and whose unfinished files are to go`, async () => {
    await using list = await open();
    await list.add(drafts(7).map((one, i) => ({ ...one, id: `${i}`, priority: -i })));
    await claimAs(list, "o", 3);
    const told: string[] = [];
    const moved = ({ id, status }: { id: string; status: string }) => told.push(`${id} ${status}`);
    const take = () => told.splice(0).toSorted();
    await list.control({ verb: "cancel", ids: ["0", "3", "none"], dropParts: true, moved });
    assertEquals(take(), ["0 running", "3 waiting"]);
    await list.control({ verb: "pause", ids: ["1"], dropParts: true, moved });
    assertEquals(take(), ["1 running"]);
    await list.control({ verb: "cancel", ids: ["0"], moved });
    assertEquals(take(), []);
    await list.control({ verb: "remove", dropParts: true, moved });
    assertEquals(take(), ["0 canceled", "1 paused", "2 running", "3 canceled", "4 waiting", "5 waiting", "6 waiting"]);
    // Whoever runs them obeys: what is paused goes on later, whatever was asked for.
    const orders = (await list.takeOrders("o")).map(({ verb, drop }) => `${verb} ${drop ?? false}`);
    assertEquals(orders.toSorted(), ["cancel true", "pause false", "remove true"]);
  });

  Deno.test(`${name} preview says what add would say, and stores nothing`, async () => {
    await using list = await open();
    const [, auto] = await list.add([draft(1, { id: "mine" }), draft(2)]);
    assert(auto?.type === "added");
    const wishes = [
      draft(6, { id: auto.id }),
      draft(7, { id: "t700" }),
      draft(1),
      draft(3),
      draft(1, { url: "http://other/" }),
      draft(4, { id: "mine" }),
      draft(5, { size: -1 }),
    ];
    const second = draft(2, { url: "http://other/2", fallbackOut: "elsewhere" });
    const foretold = await list.preview([...wishes, second]);
    assertEquals((await list.list()).tasks.length, 2);
    const added = await list.add([...wishes, second]);
    assertEquals(foretold.map(({ type }) => type), added.map(({ type }) => type));
    assertEquals(
      foretold.map((one) => one.type === "refused" ? one.field : one.out),
      added.map((one) => one.type === "refused" ? one.field : one.out),
    );
  });
}
