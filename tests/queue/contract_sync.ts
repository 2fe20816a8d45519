import { assertEquals } from "@std/assert";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { claimAs, DONE, draft, fakeClock, type OpenList, settlements, taskError } from "./contract_kit.ts";

/** Task files as the wish: what vanishes from one is canceled, and what comes back waits again. */
export function contractSync(name: string, open: OpenList): void {
  const stateOf = async (list: TaskSharedList, ids: readonly string[]) => {
    const tasks = await Promise.all(ids.map((id) => list.get(id)));
    return tasks.map((task) => task?.status);
  };
  const sync = (list: TaskSharedList, source: string, ...wanted: string[]) =>
    list.sync({ sources: [source], wanted: (id) => wanted.includes(id) });

  Deno.test(`${name}: sync cancels what vanished from a file and never started, and nothing else`, async () => {
    await using list = await open();
    const names = ["never", "later", "paused", "running", "tried", "done", "kept", "other", "byhand"];
    const ofFile = (id: string, n: number) => draft(n, { id, source: id === "other" ? "b.json" : "a.json" });
    const { byhand: _, ...more } = Object.fromEntries(names.map((id, n) => [id, ofFile(id, n)]));
    await list.add([more.running!, more.tried!, more.done!]);
    const claimed = await claimAs(list, "o1");
    const by = (id: string) => claimed.filter((task) => task.id === id);
    await list.settle(settlements(by("done"), DONE));
    await list.settle(
      settlements(by("tried"), { type: "retry", startedAt: 1, error: taskError(), notBefore: 2_000_000_000_000 }),
    );
    await list.add([
      more.never!,
      { ...more.later!, notBefore: 2_000_000_000_000 },
      more.paused!,
      more.kept!,
      more.other!,
    ]);
    await list.add([draft(8, { id: "byhand" })]);
    await list.control({ verb: "pause", ids: ["paused"] });
    assertEquals(await sync(list, "a.json", "kept"), { canceled: 3, returned: 0 });
    const states = await stateOf(list, names);
    assertEquals(states.slice(0, 3), ["canceled", "canceled", "canceled"]);
    assertEquals(states.slice(3), ["running", "waiting", "done", "waiting", "waiting", "waiting"]);
    assertEquals(await sync(list, "a.json", "kept"), { canceled: 0, returned: 0 });
    assertEquals(await list.counts(), { waiting: 4, running: 1, paused: 0, done: 1, failed: 0, canceled: 3 });
  });

  Deno.test(`${name}: sync lets wait again what it canceled, but not what a user canceled`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(
      ["a", "b", "c"].map((id, n) => draft(n, { id, source: "f", notBefore: n === 1 ? clock.now() + 60_000 : 0 })),
    );
    await list.control({ verb: "cancel", ids: ["c"] });
    assertEquals(await sync(list, "f"), { canceled: 2, returned: 0 });
    assertEquals((await claimAs(list, "o1")).length, 0);
    assertEquals(await sync(list, "g"), { canceled: 0, returned: 0 });
    assertEquals(await sync(list, "f", "a", "b", "c"), { canceled: 0, returned: 2 });
    assertEquals(await stateOf(list, ["a", "b", "c"]), ["waiting", "waiting", "canceled"]);
    assertEquals((await claimAs(list, "o1")).map(({ id }) => id), ["a"]);
    clock.advance(60_000);
    const [b] = await claimAs(list, "o1");
    assertEquals([b?.id, b?.vanished, b?.finishedAt], ["b", undefined, undefined]);
  });

  Deno.test(`${name}: what comes back is as its entry says now`, async () => {
    await using list = await open();
    const old = draft(1, { id: "a", source: "f", priority: 1 });
    await list.add([old]);
    await sync(list, "f");
    const [result] = await list.add([{ ...old, priority: 7, headers: { a: "b" } }]);
    assertEquals(result?.type, "changed");
    assertEquals(await sync(list, "f", "a"), { canceled: 0, returned: 1 });
    const task = await list.get("a");
    assertEquals([task?.status, task?.priority, task?.headers], ["waiting", 7, { a: "b" }]);
    assertEquals((await claimAs(list, "o1")).length, 1);
  });

  Deno.test(`${name}: sync takes back what has moved to another file, and cancels what none of several asks for`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "a", source: "f" }), draft(2, { id: "b", source: "g" }), draft(3, { id: "c" })]);
    assertEquals(await sync(list, "f", "b"), { canceled: 1, returned: 0 });
    assertEquals(await sync(list, "g", "a", "b"), { canceled: 0, returned: 1 });
    assertEquals(await stateOf(list, ["a", "b", "c"]), ["waiting", "waiting", "waiting"]);
    const none = await list.sync({ sources: ["f", "g"], wanted: () => false });
    assertEquals(none, { canceled: 2, returned: 0 });
    assertEquals(await stateOf(list, ["a", "b", "c"]), ["canceled", "canceled", "waiting"]);
  });

  Deno.test(`${name}: a task that vanished can be retried and removed by hand`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "a", source: "f" }), draft(2, { id: "b", source: "f" })]);
    await sync(list, "f");
    assertEquals((await list.control({ verb: "retry", ids: ["a"] })).touched, 1);
    assertEquals((await list.control({ verb: "remove", ids: ["b"] })).touched, 1);
    const [a] = await claimAs(list, "o1");
    assertEquals([a?.id, a?.vanished], ["a", undefined]);
    assertEquals(await sync(list, "f", "a", "b"), { canceled: 0, returned: 0 });
  });
}
