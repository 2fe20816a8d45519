import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ClaimedTask, TaskOutcome } from "../../queue/task_model.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import {
  assertCountsMatch,
  claimAs,
  DONE,
  draft,
  type OpenList,
  ownerInfo,
  retry,
  settlements,
  taskError,
} from "./contract_kit.ts";

const RUNS = 8;

/** What all actors of one run saw. */
interface Witness {
  added: string[];
  claims: string[];
  settled: string[];
  named: string[];
}

const OUTCOMES: readonly TaskOutcome[] = [
  DONE,
  { type: "released" },
  { type: "released" },
  { type: "failed", startedAt: 1, error: taskError() },
  { type: "retry", startedAt: 1, error: taskError(), notBefore: 1 },
  { type: "crashed" },
];

const step = fc.record({
  kind: fc.constantFrom("add", "claim", "claim", "rename", "settle", "settle", "reclaim", "leave", "retry", "read"),
  n: fc.nat(40),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One process: does its steps one after the other, while others do theirs. */
async function act(list: TaskSharedList, name: string, steps: readonly Step[], witness: Witness): Promise<void> {
  let owner = name;
  let held: ClaimedTask[] = [];
  await list.register(ownerInfo(owner));
  for (const { kind, n } of steps) {
    switch (kind) {
      case "add": {
        const results = await list.add(Array.from({ length: 15 }, (_, i) => draft(n + i)));
        for (const result of results) if (result.type === "added") witness.added.push(result.id);
        break;
      }
      case "claim": {
        // A third of the claims meets hosts that have no room, or little.
        const hosts = (host: string) => host.charCodeAt(4) % 3 === n % 3 ? { room: n % 4, until: n % 2 } : undefined;
        const claimed = await list.claim({ owner, core: 1, limit: n, ...(n % 3 === 0 ? { hosts } : {}) });
        witness.claims.push(...claimed.map((task) => `${task.id} ${task.fence} ${owner}`));
        held.push(...claimed);
        break;
      }
      case "rename": {
        // The same few names for all owners.
        const renames = held.slice(0, 6).map((task, i) => ({
          task,
          out: `name${(n + i) % 5}`,
          fallbackOut: `${task.id}.x`,
        }));
        for (const result of await list.rename(renames)) {
          if (result.type === "named") witness.named.push(`${result.task.id} ${result.task.out}`);
        }
        break;
      }
      case "settle": {
        // Overlapping halves, as two callers of one process could.
        const [one, two] = [held.slice(n % 10), held.slice(0, 20)];
        const results = await Promise.all([
          list.settle(settlements(one, OUTCOMES[n % OUTCOMES.length])),
          list.settle(settlements(two, OUTCOMES[(n + 1) % OUTCOMES.length])),
        ]);
        for (const [i, task] of [...one, ...two].entries()) {
          if (results.flat()[i]?.type === "settled") witness.settled.push(`${task.id} ${task.fence} ${task.owner}`);
        }
        // A few stay in its hands, to be settled again when they are another's.
        held = held.slice(0, 3);
        break;
      }
      case "reclaim":
        await list.reclaim((other) => n % 2 === 0 ? undefined : !other.owner.startsWith(String(n % 3)));
        break;
      case "leave":
        await list.leave(owner);
        owner += "'";
        await list.register(ownerInfo(owner));
        break;
      case "retry":
        await retry(list, {});
        break;
      case "read":
        await Promise.all([list.get(`t${n}`), list.list({ limit: n + 1 }), list.counts()]);
    }
  }
}

/** What holds when several processes use the list at once, however their steps interleave. */
export function contractConcurrent(name: string, open: OpenList): void {
  Deno.test(`${name} keeps every task in one place while three owners do what they like`, async () => {
    const property = fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 5, maxLength: 15, size: "max" }), { minLength: 3, maxLength: 3 }),
      async (scripts) => {
        await using list = await open();
        await list.add(Array.from({ length: 20 }, (_, i) => draft(100 + i)));
        const witness: Witness = { added: [], claims: [], settled: [], named: [] };
        await Promise.all(scripts.map((steps, i) => act(list, String(i), steps, witness)));
        const all = await assertCountsMatch(list);
        assertEquals(all.length, 20 + witness.added.length);
        assertEquals(new Set(witness.added).size, witness.added.length, "a task is added once");
        assertEquals(new Set(witness.claims).size, witness.claims.length, "a fence is given once");
        assertEquals(new Set(witness.settled).size, witness.settled.length, "a claim is settled once");
        assertEquals(new Set(all.map((task) => task.out)).size, all.length, "no path is two tasks'");
        const outs = new Map(all.map((task) => [task.id, task.out]));
        for (const named of witness.named) {
          const [id, out] = named.split(" ");
          assertEquals(outs.get(id!), out, "a name that was given stays, whoever settles");
        }
        const claims = new Set(witness.claims);
        assert(witness.settled.every((claim) => claims.has(claim)));
        for (const task of all) assertEquals((await list.get(task.id))?.status, task.status);
        // Nothing is stuck: once every owner is gone, one more can have all that waits.
        await list.reclaim(() => false);
        const { waiting, running } = await list.counts();
        assertEquals(running, 0);
        assertEquals((await claimAs(list, "last", 1000)).length, waiting);
        await assertCountsMatch(list);
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });
}
