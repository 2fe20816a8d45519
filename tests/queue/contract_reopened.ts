import { assertEquals } from "@std/assert";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import { assertCountsMatch, claimAs, countsOf, drafts, idsOf, settleAll } from "./contract_kit.ts";

/** A place that keeps a list while nobody has it open. */
export interface ListStore extends AsyncDisposable {
  /** Opens the list in it. */
  open: () => Promise<TaskSharedList>;
  /** Ends what keeps it, without a warning, and starts it again; absent where nothing but the process of the list does. */
  crash?: () => Promise<void>;
}

/** What a list still knows when it is opened again. */
export function contractReopened(name: string, store: () => Promise<ListStore>): void {
  Deno.test(`${name} keeps its tasks when it is closed and opened again`, async () => {
    await using place = await store();
    let names: string[];
    {
      await using list = await place.open();
      await list.add(drafts(300));
      await settleAll(list, await claimAs(list, "o", 50));
      const running = await list.claim({ owner: "o", core: 1, limit: 20 });
      names = idsOf(running).sort();
      await list.rename(running.map((task, i) => ({ task, out: `other ${i}` })));
      await list.control({ verb: "pause", ids: idsOf((await list.list({ status: "waiting", limit: 10 })).tasks) });
    }
    await place.crash?.();
    await using list = await place.open();
    assertEquals(await list.counts(), countsOf({ done: 50, running: 20, paused: 10, waiting: 220 }));
    const running = (await assertCountsMatch(list)).filter(({ status }) => status === "running");
    assertEquals(idsOf(running).sort(), names);
    assertEquals(running.map(({ out }) => out).sort(), names.map((_, i) => `other ${i}`).sort());
    assertEquals((await list.owners()).map((owner) => owner.owner), ["o"]);
    assertEquals(await list.reclaim(() => false), 20);
    assertEquals((await list.add(drafts(300))).filter((result) => result.type !== "duplicate"), []);
    assertEquals((await claimAs(list, "p")).length, 240);
  });
}
