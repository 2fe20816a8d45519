import { assert, assertEquals } from "@std/assert";
import type { ClaimedTask } from "../../queue/task_model.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  DONE,
  drafts,
  fakeClock,
  idsOf,
  type OpenList,
  ownerInfo,
  settleAll,
} from "./contract_kit.ts";

/** What each call promises when many make it at once. */
export function contractRaces(name: string, open: OpenList): void {
  Deno.test(`${name} add lets concurrent callers store every task once`, async () => {
    await using list = await open();
    const many = drafts(400);
    const results = await Promise.all([list.add(many), list.add([...many].reverse()), list.add(many.slice(100))]);
    const added = results.flat().filter((result) => result.type === "added");
    assertEquals(added.length, 400);
    assertEquals(results.flat().filter((result) => result.type === "refused"), []);
    assertEquals((await assertCountsMatch(list)).length, 400);
  });

  Deno.test(`${name} claim never hands one task to two owners, however many ask at once`, async () => {
    await using list = await open();
    await list.add(drafts(600));
    const owners = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(owners.map((owner) => list.register(ownerInfo(owner))));
    const seen: string[] = [];
    while (seen.length < 600) {
      const batches = await Promise.all(
        owners.map((owner, index) => list.claim({ owner, core: 1, limit: 30, worker: { index, of: 6 } })),
      );
      seen.push(...batches.flatMap(idsOf));
      assert(batches.some((batch) => batch.length > 0), "somebody wins every race");
    }
    assertEquals(new Set(seen).size, 600);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} claim by many at once loses nothing that is set aside and brought back`, async () => {
    const clock = fakeClock(1000);
    await using list = await open({ clock });
    await list.add(drafts(400).map((one, i) => ({ ...one, url: `http://h${i % 7}.example/${i}` })));
    const owners = ["a", "b", "c", "d"];
    for (const owner of owners) await list.register(ownerInfo(owner));
    const seen: string[] = [];
    for (let round = 0; seen.length < 400; round++) {
      assert(round < 200, "everybody gets on");
      const batches = await Promise.all(owners.map((owner, i) =>
        list.claim({
          owner,
          core: 1,
          limit: 15,
          worker: { index: i, of: 4 },
          hosts: (host) =>
            (Number(host.charAt(1)) + round + i) % 3 === 0 ? { room: i, until: clock.now() + 50 * i } : undefined,
        })
      ));
      seen.push(...batches.flatMap(idsOf));
      clock.advance(20);
    }
    assertEquals(new Set(seen).size, 400);
    assertEquals(await list.counts(), countsOf({ running: 400 }));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} rename gives one path to one of two claimants that race for it`, async () => {
    await using list = await open();
    await list.add(drafts(20));
    const ours = await claimAs(list, "a", 10);
    const theirs = await claimAs(list, "b", 10);
    await Promise.all(ours.flatMap((task, i) => {
      const rival = theirs[i]!;
      const wish = { out: `name${i}`, fallbackOut: `name${i}.x` };
      return [list.rename([{ task, ...wish }]), list.rename([{ task: rival, ...wish }])];
    }));
    const outs = (await assertCountsMatch(list)).map((task) => task.out).sort();
    assertEquals(outs, Array.from({ length: 10 }, (_, i) => [`name${i}`, `name${i}.x`]).flat().sort());
  });

  Deno.test(`${name} settle loses nothing when many callers end parts of one claim at once`, async () => {
    await using list = await open();
    await list.add(drafts(400));
    const claimed = [...await claimAs(list, "o", 150), ...await claimAs(list, "o", 250)];
    const calls: Promise<("settled" | "stale")[]>[] = [];
    for (let i = 0; i < 40; i++) {
      const part: ClaimedTask[] = claimed.filter((_, index) => index % 40 === i || index % 40 === (i + 1) % 40);
      calls.push(settleAll(list, part, i % 3 === 0 ? { type: "released" } : DONE));
    }
    const results = (await Promise.all(calls)).flat();
    assertEquals(results.filter((result) => result === "settled").length, 400);
    const counts = await list.counts();
    assertEquals([counts.running, counts.waiting + counts.done], [0, 400]);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} sync of a long list with another process at work loses and doubles nothing`, async () => {
    await using list = await open();
    await list.add(drafts(1500, { source: "f" }));
    const odd = (id: string) => Number(id.slice(1)) % 2 === 1;
    const [claimed, { canceled }] = await Promise.all([
      claimAs(list, "o1", 500),
      list.sync({ sources: ["f"], wanted: odd }),
    ]);
    const evenRunning = claimed.filter(({ id }) => !odd(id)).length;
    assertEquals(canceled, 750 - evenRunning);
    const counts = await list.counts();
    assertEquals([counts.running, counts.canceled, counts.waiting], [
      claimed.length,
      canceled,
      1500 - claimed.length - canceled,
    ]);
    assertEquals((await list.sync({ sources: ["f"], wanted: () => true })).returned, canceled);
    assertEquals((await claimAs(list, "o2", 2000)).length, 1500 - claimed.length);
  });
}
