import { assert, assertEquals } from "@std/assert";
import type { RenameResult } from "../../queue/task_shared_list.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  DONE,
  draft,
  drafts,
  listAll,
  type OpenList,
  settleAll,
  taskError,
} from "./contract_kit.ts";

/** What became of renames, in short. */
function short(results: readonly RenameResult[]): string[] {
  return results.map((result) => result.type === "named" ? result.task.out : result.type);
}

/** What the list promises about names that are learned from the answer. */
export function contractRename(name: string, open: OpenList): void {
  Deno.test(`${name} rename gives a running task another path, wherever it is seen`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one", headers: { a: "b" } }), draft(2)]);
    const [task] = await claimAs(list, "o", 1);
    const [result] = await list.rename([{ task: task!, out: "report.pdf", fallbackOut: "report.1.pdf" }]);
    assert(result?.type === "named");
    assertEquals(result.task, { ...task!, out: "report.pdf", firstOut: "files/1", named: true });
    const { fence: _, ...running } = result.task;
    assertEquals(await list.get("one"), running);
    assertEquals(await listAll(list, "running"), [running]);
    assertEquals(await settleAll(list, [result.task]), ["settled"]);
    const done = await list.get("one");
    assertEquals([done?.status, done?.out, done?.named, done?.bytes], ["done", "report.pdf", true, 10]);
    assertEquals(await list.counts(), countsOf({ done: 1, waiting: 1 }));
  });

  Deno.test(`${name} rename leaves the same list known: adding it again adds nothing`, async () => {
    await using list = await open();
    const entries = drafts(20).map((one, i) => ({ ...one, out: `get${i % 10}`, fallbackOut: `get${i}.x` }));
    const before = await list.add(entries);
    const claimed = await claimAs(list, "o");
    const names = new Map(claimed.map((task) => [task.id, `learned ${task.id}`]));
    await list.rename(claimed.map((task) => ({ task, out: names.get(task.id)! })));
    for (const end of [() => {}, () => settleAll(list, claimed)]) {
      await end();
      const again = await list.add(entries);
      assertEquals(again.map((result) => result.type), entries.map(() => "duplicate"));
      for (const [i, result] of again.entries()) {
        assert(result.type === "duplicate" && before[i]?.type === "added");
        assertEquals(
          [result.id, result.out],
          [before[i].id, names.get(before[i].id)!],
          "it says where the file is now",
        );
      }
    }
    await assertCountsMatch(list);
  });

  Deno.test(`${name} rename reserves the new path and keeps the old one`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one", out: "get" }), draft(2, { id: "two", out: "other" })]);
    const claimed = await claimAs(list, "o");
    const [one, two] = ["one", "two"].map((id) => claimed.find((task) => task.id === id)!);
    assertEquals(short(await list.rename([{ task: one!, out: "report.pdf" }])), ["report.pdf"]);
    for (const out of ["report.pdf", "get"]) {
      assertEquals(short(await list.rename([{ task: two!, out }])), ["taken"]);
      const [added] = await list.add([draft(3, { out })]);
      assertEquals([added?.type, added?.type === "refused" && added.field], ["refused", "out"]);
    }
    assertEquals((await list.get("two"))?.out, "other");
    assertEquals(short(await list.rename([{ task: two!, out: "report.pdf", fallbackOut: "report.2.pdf" }])), [
      "report.2.pdf",
    ]);
    // The same url under the learned name is the same task.
    const [known] = await list.add([draft(1, { out: "report.pdf" })]);
    assertEquals(known, { type: "duplicate", id: "one", out: "report.pdf" });
  });

  Deno.test(`${name} rename serves those who want one path in their order, within a call too`, async () => {
    await using list = await open();
    await list.add(drafts(60));
    const claimed = await claimAs(list, "o");
    const results = await list.rename(claimed.map((task) => ({ task, out: "same", fallbackOut: `same.${task.id}` })));
    assertEquals(short(results), claimed.map((task, i) => i === 0 ? "same" : `same.${task.id}`));
    assertEquals(new Set((await assertCountsMatch(list)).map((task) => task.out)).size, 60);
  });

  Deno.test(`${name} rename is refused to whoever has lost the claim`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one" })]);
    const [old] = await claimAs(list, "a");
    assertEquals(await list.reclaim(() => false), 1);
    assertEquals(short(await list.rename([{ task: old!, out: "late" }])), ["stale"]);
    const [task] = await claimAs(list, "b");
    assertEquals(short(await list.rename([{ task: old!, out: "late" }, { task: task!, out: "right" }])), [
      "stale",
      "right",
    ]);
    assertEquals((await list.get("one"))?.out, "right");
    await settleAll(list, [task!]);
    assertEquals(short(await list.rename([{ task: task!, out: "later" }])), ["stale"]);
    // The path that nobody got is free.
    assertEquals((await list.add([draft(2, { out: "late" })]))[0]?.type, "added");
  });

  for (const how of ["crash", "release", "retry", "an old copy"] as const) {
    Deno.test(`${name} rename outlives the claim: ${how}`, async () => {
      await using list = await open();
      await list.add([draft(1, { id: "one" }), draft(2)]);
      const claimed = await claimAs(list, "a");
      const task = claimed.find((one) => one.id === "one")!;
      assertEquals(short(await list.rename([{ task, out: "learned" }])), ["learned"]);
      if (how === "crash") assertEquals(await list.reclaim(() => false), 2);
      else if (how === "release") await list.leave("a");
      // Whoever settles with what it had before takes the name from nobody.
      else if (how === "an old copy") await settleAll(list, claimed, { type: "crashed" });
      else await settleAll(list, claimed, { type: "retry", startedAt: 1, error: taskError(), notBefore: 1 });
      const again = (await claimAs(list, "b")).find((one) => one.id === "one")!;
      assertEquals([again.out, again.named], ["learned", true]);
      // What has a name keeps it.
      assertEquals(short(await list.rename([{ task: again, out: "another" }])), ["learned"]);
      assertEquals((await list.add([draft(1), draft(1, { out: "learned" })])).map((result) => result.type), [
        "duplicate",
        "duplicate",
      ]);
      assertEquals((await list.add([draft(3, { out: "another" })]))[0]?.type, "added");
    });
  }

  for (const end of ["done", "released"] as const) {
    Deno.test(`${name} rename that an old copy settles frees both paths with the task: ${end}`, async () => {
      await using list = await open();
      await list.add([draft(1, { out: "get" }), draft(2)]);
      const claimed = await claimAs(list, "o");
      const task = claimed.find((one) => one.out === "get")!;
      assertEquals(short(await list.rename([{ task, out: "learned" }])), ["learned"]);
      assertEquals(await settleAll(list, [task], end === "done" ? DONE : { type: end }), ["settled"]);
      const settled = await list.get(task.id);
      assertEquals([settled?.out, settled?.firstOut, settled?.named], ["learned", "get", true]);
      assertEquals((await list.control({ verb: "remove", ids: [task.id] })).touched, 1);
      assertEquals((await list.add([draft(1, { out: "get" }), draft(3, { out: "learned" })])).map(({ type }) => type), [
        "added",
        "added",
      ]);
      await assertCountsMatch(list);
    });
  }

  Deno.test(`${name} rename never touches the path that the user chose`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one", out: "mine", named: true })]);
    const [task] = await claimAs(list, "o");
    assertEquals(task?.named, true);
    assertEquals(short(await list.rename([{ task: task!, out: "yours", fallbackOut: "theirs" }])), ["mine"]);
    assertEquals((await list.get("one"))?.out, "mine");
    assertEquals((await list.add([draft(2, { out: "yours" })]))[0]?.type, "added");
  });

  Deno.test(`${name} rename to the path that a task has makes it final`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "one", out: "same" })]);
    const [task] = await claimAs(list, "o");
    assertEquals(short(await list.rename([{ task: task!, out: "same" }])), ["same"]);
    assertEquals((await list.get("one"))?.named, true);
    assertEquals(await list.add([draft(1, { out: "same" })]), [{ type: "duplicate", id: "one", out: "same" }]);
  });
}
