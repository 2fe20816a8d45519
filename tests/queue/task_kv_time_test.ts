/** A clock that is set back does not hold what waits until it has come there again. */
import { assertEquals } from "@std/assert";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { TempDir } from "../support/temp_dir.ts";
import { claimAs, draft, fakeClock, ownerInfo, settleAll, taskError } from "./contract_kit.ts";

const HOURS = 3 * 3_600_000;
const START = 1_700_000_000_000;
const retryAt = (notBefore: number): TaskOutcome => ({ type: "retry", startedAt: 5, error: taskError(), notBefore });
const deferredTo = (notBefore: number): TaskOutcome => ({ type: "deferred", notBefore });

for (const [what, outcome] of [["tries again", retryAt], ["deferred", deferredTo]] as const) {
  Deno.test(`TaskKvList gives what it ${what} in its time after the clock was set back, while it is open and later`, async () => {
    for (const reopen of [false, true]) {
      await using home = await TempDir.create();
      const clock = fakeClock(START);
      let list = await TaskKvList.open(home.join("queue.db"), { clock });
      try {
        await list.add([draft(1)]);
        const claimed = await claimAs(list, "one");
        await settleAll(list, claimed, outcome(clock.now() + 60_000));
        await list.heartbeat("one");
        clock.advance(-HOURS);
        if (reopen) {
          await list[Symbol.asyncDispose]();
          list = await TaskKvList.open(home.join("queue.db"), { clock });
        } else await list.heartbeat("one");
        assertEquals(await claimAs(list, "one"), []);
        clock.advance(59_000);
        await list.heartbeat("one");
        assertEquals(await claimAs(list, "one"), []);
        clock.advance(1000);
        assertEquals((await claimAs(list, "one")).length, 1);
      } finally {
        await list[Symbol.asyncDispose]();
      }
    }
  });
}

Deno.test("TaskKvList keeps to the times that users named, however the clock is set", async () => {
  const clock = fakeClock(START);
  await using list = await TaskKvList.open(":memory:", { clock });
  await list.register(ownerInfo("one"));
  await list.add([draft(1, { notBefore: START + 60_000 })]);
  clock.advance(-HOURS);
  await list.heartbeat("one");
  clock.advance(HOURS + 59_999);
  assertEquals(await claimAs(list, "one"), []);
  clock.advance(1);
  assertEquals((await claimAs(list, "one")).length, 1);
});

Deno.test("TaskKvList moves what waits once, however many processes see that the clock was set back", async () => {
  await using home = await TempDir.create();
  const clock = fakeClock(START);
  const open = () => TaskKvList.open(home.join("queue.db"), { clock });
  await using one = await open();
  await using two = await open();
  await two.register(ownerInfo("two"));
  await one.add([draft(1)]);
  await settleAll(one, await claimAs(one, "one"), retryAt(clock.now() + 2 * HOURS));
  clock.advance(-HOURS);
  await Promise.all([one.heartbeat("one"), two.heartbeat("two"), one.heartbeat("one")]);
  clock.advance(2 * HOURS - 1);
  assertEquals(await claimAs(two, "two"), []);
  clock.advance(1);
  assertEquals((await claimAs(two, "two")).length, 1);
});

Deno.test("TaskKvList takes tasks of a host that cools back in their time after the clock was set back", async () => {
  const clock = fakeClock(START);
  await using list = await TaskKvList.open(":memory:", { clock });
  await list.register(ownerInfo("one"));
  await list.add([draft(1), draft(11), draft(2)]);
  const hosts = (host: string) => host === "host1.example" ? { room: 0, until: clock.now() + 5000 } : undefined;
  const claimed = await list.claim({ owner: "one", core: 1, limit: 9, hosts });
  assertEquals(claimed.map(({ seq }) => seq), [3]);
  clock.advance(-HOURS);
  await list.heartbeat("one");
  assertEquals(await claimAs(list, "one"), []);
  clock.advance(5000);
  assertEquals((await claimAs(list, "one")).map(({ seq }) => seq), [1, 2]);
});

Deno.test("TaskKvList lets what waits stand when the clock was set back by little", async () => {
  const clock = fakeClock(START);
  await using list = await TaskKvList.open(":memory:", { clock });
  await list.register(ownerInfo("one"));
  await list.add([draft(1)]);
  await settleAll(list, await claimAs(list, "one"), retryAt(clock.now() + 60_000));
  clock.advance(-2000);
  await list.heartbeat("one");
  clock.advance(61_999);
  assertEquals(await claimAs(list, "one"), []);
  clock.advance(1);
  assertEquals((await claimAs(list, "one")).length, 1);
});
