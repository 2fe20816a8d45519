import { assert, assertEquals } from "@std/assert";
import { MAX_CRASHES } from "../../queue/task_model.ts";
import type { OwnerState } from "../../queue/task_shared_list.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  draft,
  drafts,
  type FakeClock,
  fakeClock,
  type OpenList,
  ownerInfo,
  retry,
  settleAll,
} from "./contract_kit.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";

/** Moves the clock to the last millisecond in which nobody may doubt an owner; one more, and its lease is over. */
async function toEndOfLease(list: TaskSharedList, clock: FakeClock, owner: string): Promise<void> {
  const state = (await list.owners()).find((one) => one.owner === owner);
  assert(state !== undefined && state.aliveUntil > clock.now());
  clock.advance(state.aliveUntil - clock.now());
}

/** What the list promises about owners, dead and alive. */
export function contractOwners(name: string, open: OpenList): void {
  Deno.test(`${name} owners tells who is registered and until when`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    assertEquals(await list.owners(), []);
    await list.register(ownerInfo("a"));
    await list.register(ownerInfo("b"));
    const owners = (await list.owners()).sort((x, y) => x.owner < y.owner ? -1 : 1);
    assertEquals(owners.map(({ aliveUntil: _until, alive: _alive, ...info }) => info), [
      ownerInfo("a"),
      ownerInfo("b"),
    ]);
    assert(owners.every((owner) => owner.aliveUntil > clock.now() && owner.alive));
    await list.leave("a");
    assertEquals((await list.owners()).map((owner) => owner.owner), ["b"]);
  });

  Deno.test(`${name} heartbeat tells the others what an owner does, until it may be doubted and is gone`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.register(ownerInfo("a"));
    assertEquals((await list.owners())[0]?.vitals, undefined);
    const vitals = { load: [12, 99], active: 3, done: 2, failed: 1, retried: 0, bytes: 2 ** 40, speed: 5 };
    assertEquals(await list.heartbeat("a", vitals), "alive");
    assertEquals((await list.owners())[0]?.vitals, vitals);
    await toEndOfLease(list, clock, "a");
    clock.advance(1);
    assertEquals((await list.owners()).map(({ alive, vitals }) => [alive, vitals?.done]), [[false, 2]]);
    assertEquals(await list.heartbeat("a", { ...vitals, done: 7 }), "alive");
    assertEquals((await list.owners()).map(({ alive, vitals }) => [alive, vitals?.done]), [[true, 7]]);
    await list.leave("a");
    await list.register(ownerInfo("a"));
    assertEquals((await list.owners())[0]?.vitals, undefined);
  });

  Deno.test(`${name} heartbeat renews a lease, and says lost to an owner that is not registered`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add([draft(1)]);
    const claimed = await claimAs(list, "o");
    for (let i = 0; i < 5; i++) {
      await toEndOfLease(list, clock, "o");
      assertEquals(await list.heartbeat("o"), "alive");
    }
    assertEquals(await list.reclaim(), 0);
    assertEquals(await settleAll(list, claimed), ["settled"]);
    assertEquals(await list.heartbeat("nobody"), "lost");
    await list.leave("o");
    assertEquals(await list.heartbeat("o"), "lost");
  });

  Deno.test(`${name} reclaim gives tasks back after the lease, and not before`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(250));
    const claimed = await claimAs(list, "o");
    await toEndOfLease(list, clock, "o");
    assertEquals(await list.reclaim(), 0);
    clock.advance(1);
    assertEquals(await list.reclaim(), 250);
    assertEquals(await list.counts(), countsOf({ waiting: 250 }));
    assertEquals(await list.owners(), []);
    assertEquals(await list.heartbeat("o"), "lost");
    assertEquals(await list.claim({ owner: "o", core: 1, limit: 5 }), [], "the lost owner claims nothing");
    const others = await claimAs(list, "p");
    assertEquals(others.length, 250);
    assertEquals([others[0]?.crashes, others[0]?.attempts], [1, 0]);
    assertEquals(new Set(await settleAll(list, claimed)), new Set(["stale"]));
    assertEquals(new Set(await settleAll(list, others)), new Set(["settled"]));
    assertEquals(await list.counts(), countsOf({ done: 250 }));
    assertEquals((await assertCountsMatch(list)).find((task) => task.crashes > 0), undefined);
    assertEquals(await list.reclaim(), 0);
  });

  Deno.test(`${name} reclaim goes by the lease of each owner, that it registered with and that its heartbeats renew`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(3));
    const leases = { short: 1000, long: 60_000 };
    for (const [owner, leaseMs] of Object.entries(leases)) {
      await list.register({ ...ownerInfo(owner), leaseMs });
      assertEquals((await list.claim({ owner, core: 1, limit: 1 })).length, 1);
    }
    await claimAs(list, "usual", 1);
    const left = async () =>
      (await list.owners()).map(({ owner, aliveUntil }) => [owner, aliveUntil - clock.now()] as const)
        .sort(([, one], [, other]) => one - other);
    const whole = [["short", 1000], ["usual", 15_000], ["long", 60_000]] as const;
    assertEquals(await left(), [...whole]);
    clock.advance(1000);
    for (const [owner] of whole) assertEquals(await list.heartbeat(owner), "alive");
    assertEquals(await left(), [...whole]);
    for (const [i, [owner, leaseMs]] of whole.entries()) {
      clock.advance(leaseMs - (whole[i - 1]?.[1] ?? 0));
      assertEquals(await list.reclaim(), 0, owner);
      clock.advance(1);
      assertEquals(await list.reclaim(), 1, owner);
      assertEquals(await list.heartbeat(owner), "lost");
      clock.advance(-1);
    }
  });

  Deno.test(`${name} reclaim believes isAlive more than the lease`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    await list.add(drafts(3));
    for (const owner of ["dead", "alive", "unknown"]) await claimAs(list, owner, 1);
    const asked: OwnerState[] = [];
    const verdict = (owner: OwnerState) => {
      asked.push(owner);
      return owner.owner === "dead" ? false : owner.owner === "alive" ? true : undefined;
    };
    assertEquals(await list.reclaim(verdict), 1, "the dead one at once");
    assertEquals(asked.map((owner) => [owner.pid, owner.startTime, owner.bootId]), Array(3).fill([4711, "1", "boot"]));
    clock.advance(86_400_000);
    assertEquals(await list.reclaim(verdict), 1, "the unknown one after its lease");
    assertEquals(await list.reclaim(verdict), 0, "the living one never");
    assertEquals((await list.owners()).map((owner) => owner.owner), ["alive"]);
    assertEquals(await list.counts(), countsOf({ waiting: 2, running: 1 }));
  });

  Deno.test(`${name} reclaim fails a task over which too many owners died in a row`, async () => {
    await using list = await open();
    await list.add([draft(1, { id: "killer" }), draft(2, { id: "victim" })]);
    for (let i = 1; i <= MAX_CRASHES; i++) {
      const claimed = await claimAs(list, `o${i}`);
      assertEquals(claimed.length, 2);
      await settleAll(list, claimed.filter((task) => task.id === "victim"), { type: "released" });
      assertEquals(await list.reclaim(() => false), 1);
    }
    const killer = await list.get("killer");
    assertEquals([killer?.status, killer?.error?.kind, killer?.error?.retryable], ["failed", "crash", false]);
    assertEquals([killer?.attempts, killer?.crashes], [0, MAX_CRASHES]);
    assertEquals((await list.get("victim"))?.crashes, 0);
    assertEquals(await retry(list, { retryableOnly: true }), 0);
    assertEquals(await retry(list, { ids: ["killer"] }), 1);
    assertEquals((await list.get("killer"))?.crashes, 0);
    assertEquals((await claimAs(list, "p")).length, 2);
  });

  Deno.test(`${name} reclaim and heartbeat at once end in a saved owner or a lost one, never in both`, async () => {
    const clock = fakeClock();
    await using list = await open({ clock });
    for (let round = 0; round < 40; round++) {
      const owner = `o${round}`;
      await list.add([draft(round, { id: `task ${round}` })]);
      const claimed = await claimAs(list, owner);
      await toEndOfLease(list, clock, owner);
      clock.advance(1);
      const first = round % 2 === 0 ? list.heartbeat(owner) : undefined;
      const [reclaimed, beat, also] = await Promise.all([
        list.reclaim(),
        first ?? list.heartbeat(owner),
        list.reclaim(),
      ]);
      const lost = reclaimed + also === 1;
      assertEquals(beat, lost ? "lost" : "alive", `round ${round}: ${reclaimed} + ${also}`);
      assertEquals(await settleAll(list, claimed), [lost ? "stale" : "settled"]);
      if (!lost) assertEquals((await list.owners()).map((one) => one.owner), [owner]);
      else await settleAll(list, await claimAs(list, `other${round}`));
      assertEquals(await list.counts(), countsOf({ done: round + 1 }));
      for (const one of await list.owners()) await list.leave(one.owner);
    }
    await assertCountsMatch(list);
  });

  Deno.test(`${name} reclaim by many at once gives every task back once`, async () => {
    await using list = await open();
    await list.add(drafts(300));
    for (const owner of ["a", "b", "c"]) await claimAs(list, owner, 100);
    const given = await Promise.all([1, 2, 3, 4].map(() => list.reclaim(() => false)));
    assertEquals(given.reduce((sum, count) => sum + count), 300);
    const all = await assertCountsMatch(list);
    assertEquals(all.filter((task) => task.crashes !== 1), []);
    assertEquals(await list.counts(), countsOf({ waiting: 300 }));
  });

  Deno.test(`${name} leave gives running tasks back uncounted`, async () => {
    await using list = await open();
    await list.add(drafts(230));
    const claimed = await claimAs(list, "o", 210);
    await settleAll(list, claimed.slice(0, 10));
    await list.leave("o");
    assertEquals(await list.counts(), countsOf({ waiting: 220, done: 10 }));
    const all = await assertCountsMatch(list);
    assertEquals(all.filter((task) => task.crashes > 0 || (task.attempts > 0 && task.status !== "done")), []);
    assertEquals(new Set(await settleAll(list, claimed.slice(10))), new Set(["stale"]));
    assertEquals((await claimAs(list, "p")).length, 220);
    await list.leave("never seen");
  });

  Deno.test(`${name} leave while others reclaim counts no crash`, async () => {
    await using list = await open();
    await list.add(drafts(200));
    for (let round = 0; round < 5; round++) {
      const owner = `o${round}`;
      await claimAs(list, owner);
      await Promise.all([list.leave(owner), list.reclaim(), list.reclaim()]);
      assertEquals(await list.counts(), countsOf({ waiting: 200 }));
    }
    assertEquals((await assertCountsMatch(list)).filter((task) => task.crashes > 0), []);
  });
}
