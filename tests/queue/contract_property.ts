import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ClaimedTask, TASK_STATUSES, type TaskOutcome } from "../../queue/task_model.ts";
import type { ControlRequest, ControlVerb, HostRoom, TaskDraft, TaskSharedList } from "../../queue/task_shared_list.ts";
import { assertCountsMatch, type FakeClock, fakeClock, type OpenList, ownerInfo, taskError } from "./contract_kit.ts";
import { ContractModel } from "./contract_model.ts";

const RUNS = 25;
const MAX_OPERATIONS = 30;

/** What one run has in its hands. */
interface Run {
  list: TaskSharedList;
  clock: FakeClock;
  model: ContractModel;
  /** Every claim that was ever made, the ended ones too. */
  claims: ClaimedTask[];
  /** The names of the three owners, which change when one is lost. */
  names: string[];
}

type Operation = (run: Run) => Promise<void>;

const small = fc.nat(7);
const ownerIndex = fc.nat(2);

const draftShape = fc.record({
  url: small,
  out: small,
  fallback: fc.option(small, { nil: undefined }),
  id: fc.option(fc.nat(3), { nil: undefined }),
  named: fc.option(fc.constant(true), { nil: undefined, freq: 2 }),
  priority: fc.integer({ min: -1, max: 1 }),
  delay: fc.option(fc.integer({ min: -5, max: 20_000 }), { nil: undefined, freq: 3 }),
});

const add: fc.Arbitrary<Operation> = fc.array(draftShape, { maxLength: 8 }).map((shapes) => async (run) => {
  const drafts = shapes.map(({ url, out, fallback, id, named, priority, delay }): TaskDraft => ({
    url: `http://h${url % 3}.example/${url}`,
    out: `p${out}`,
    priority,
    ...(fallback === undefined
      ? {}
      : { fallbackOut: fallback % 2 === 0 ? `p${fallback + 4}` : () => `p${fallback + 4}` }),
    ...(id === undefined ? {} : { id: `id ${id}` }),
    ...(named === undefined ? {} : { named }),
    ...(delay === undefined ? {} : { notBefore: run.clock.now() + delay }),
  }));
  run.model.add(drafts, await run.list.add(drafts));
});

/** Which of the three hosts has how much room, and until when what has none is set aside; or nothing about any. */
const rooms = fc.option(
  fc.array(fc.option(fc.record({ room: fc.nat(2), delay: fc.nat(20_000) })), { minLength: 3, maxLength: 3 }),
  { nil: undefined },
);

const claim: fc.Arbitrary<Operation> = fc.tuple(ownerIndex, fc.integer({ min: 1, max: 6 }), rooms).map(
  ([index, limit, rooms]) => async (run) => {
    const owner = run.names[index]!;
    const now = run.clock.now();
    const hosts = rooms && ((host: string): HostRoom | undefined => {
      const room = rooms[Number(host.charAt(1))];
      return room ? { room: room.room, until: room.room > 0 ? 0 : now + room.delay } : undefined;
    });
    const request = { owner, core: index, limit, worker: { index, of: 3 } };
    const claimed = await run.list.claim(hosts === undefined ? request : { ...request, hosts });
    run.model.claim(owner, limit, now, claimed, hosts);
    run.claims.push(...claimed);
  },
);

const settle: fc.Arbitrary<Operation> = fc.array(fc.tuple(fc.nat(), fc.nat(10), fc.nat(15_000)), { maxLength: 6 }).map(
  (picks) => async (run) => {
    if (run.claims.length === 0) return;
    const settlements = picks.map(([pick, kind, delay]) => ({
      // The newest claims are the likeliest to be still open.
      task: run.claims.at(-1 - pick % Math.min(run.claims.length, 12))!,
      outcome: outcomeOf(kind, run.clock.now() + delay),
    }));
    run.model.settle(settlements, await run.list.settle(settlements));
  },
);

const rename: fc.Arbitrary<Operation> = fc.array(fc.tuple(fc.nat(), small, fc.option(small, { nil: undefined })), {
  maxLength: 6,
}).map((picks) => async (run) => {
  if (run.claims.length === 0) return;
  const renames = picks.map(([pick, out, fallback]) => ({
    task: run.claims.at(-1 - pick % Math.min(run.claims.length, 12))!,
    out: `p${out}`,
    ...(fallback === undefined ? {} : { fallbackOut: `p${fallback + 4}` }),
  }));
  run.model.rename(renames, await run.list.rename(renames));
});

function outcomeOf(kind: number, notBefore: number): TaskOutcome {
  if (kind < 3) return { type: "done", startedAt: 1, facts: { bytes: 1, finalUrl: "http://f.example/" } };
  if (kind < 5) return { type: "failed", startedAt: 1, error: taskError({ retryable: kind === 3 }) };
  if (kind < 7) return { type: "retry", startedAt: 1, error: taskError(), notBefore };
  if (kind === 10) return { type: "deferred", notBefore };
  return { type: kind === 7 ? "released" : "crashed" };
}

const register: fc.Arbitrary<Operation> = ownerIndex.map((index) => async (run) => {
  let owner = run.names[index]!;
  if (!run.model.owners.has(owner)) owner = run.names[index] = `${owner}'`;
  await run.list.register(ownerInfo(owner));
  await noteLease(run, owner);
});

const heartbeat: fc.Arbitrary<Operation> = ownerIndex.map((index) => async (run) => {
  const owner = run.names[index]!;
  const alive = run.model.owners.has(owner);
  assertEquals(await run.list.heartbeat(owner), alive ? "alive" : "lost");
  if (alive) await noteLease(run, owner);
});

/** How long a lease is, is the backend's business. */
async function noteLease({ list, model }: Run, owner: string): Promise<void> {
  const state = (await list.owners()).find((one) => one.owner === owner);
  model.owners.set(owner, state!.aliveUntil);
}

const leave: fc.Arbitrary<Operation> = ownerIndex.map((index) => async (run) => {
  await run.list.leave(run.names[index]!);
  run.model.end(run.names[index]!, "released");
});

const reclaim: fc.Arbitrary<Operation> = fc.array(fc.constantFrom(true, false, undefined, undefined), {
  minLength: 3,
  maxLength: 3,
}).map((verdicts) => async (run) => {
  const verdictOf = (owner: string) => verdicts[run.names.indexOf(owner)];
  const dead = [...run.model.owners].filter(([owner, aliveUntil]) =>
    verdictOf(owner) === false || (verdictOf(owner) === undefined && aliveUntil < run.clock.now())
  );
  let count = 0;
  for (const [owner] of dead) count += run.model.end(owner, "crashed");
  assertEquals(await run.list.reclaim((owner) => verdictOf(owner.owner)), count);
});

const control: fc.Arbitrary<Operation> = fc.record({
  verb: fc.constantFrom("pause", "resume", "cancel", "retry", "retry", "remove", "priority"),
  priority: fc.integer({ min: -1, max: 1 }),
  retryable: fc.option(fc.boolean(), { nil: undefined, freq: 2 }),
  status: fc.option(fc.constantFrom(...TASK_STATUSES), { nil: undefined, freq: 2 }),
  host: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  picks: fc.option(fc.array(small, { maxLength: 3 }), { nil: undefined, freq: 2 }),
}).map(({ verb, priority, retryable, status, host, picks }) => async (run) => {
  const { tasks } = run.model;
  const request: ControlRequest = {
    verb: verb as ControlVerb,
    priority,
    ...(picks === undefined ? {} : { ids: picks.map((pick) => tasks[pick]?.id ?? "none") }),
    filter: {
      ...(retryable === undefined ? {} : { retryable }),
      ...(status === undefined ? {} : { status: [status] }),
      ...(host === undefined ? {} : { host: [`h${host}.example`] }),
    },
  };
  run.model.control(request, await run.list.control(request), run.clock.now());
});

const obey: fc.Arbitrary<Operation> = ownerIndex.map((index) => async ({ list, model, names }) => {
  const owner = names[index]!;
  const told = (await list.takeOrders(owner)).map(({ fence, verb }) => `${fence} ${verb}`);
  const own = model.orders.filter((order) => order.owner === owner);
  assertEquals(told.toSorted(), own.map(({ fence, verb }) => `${fence} ${verb}`).toSorted());
  model.orders = model.orders.filter((order) => order.owner !== owner);
});

const advance: fc.Arbitrary<Operation> = fc.integer({ min: 1, max: 20_000 }).map((ms) => ({ clock }) => {
  clock.advance(ms);
  return Promise.resolve();
});

const operation = fc.oneof(
  { weight: 5, arbitrary: add },
  { weight: 6, arbitrary: claim },
  { weight: 6, arbitrary: settle },
  { weight: 4, arbitrary: rename },
  { weight: 2, arbitrary: register },
  { weight: 1, arbitrary: heartbeat },
  { weight: 1, arbitrary: leave },
  { weight: 2, arbitrary: reclaim },
  { weight: 4, arbitrary: control },
  { weight: 1, arbitrary: obey },
  { weight: 2, arbitrary: advance },
);

/** What holds after any sequence of operations. */
export function contractProperty(name: string, open: OpenList): void {
  Deno.test(`${name} does what a simple list would do, whatever happens in whatever order`, async () => {
    const property = fc.asyncProperty(
      fc.array(operation, { minLength: 5, maxLength: MAX_OPERATIONS, size: "max" }),
      async (operations) => {
        const clock = fakeClock(1_000_000);
        await using list = await open({ clock });
        const run: Run = { list, clock, model: new ContractModel(), claims: [], names: ["a", "b", "c"] };
        for (const owner of ["a", "b"]) {
          await list.register(ownerInfo(owner));
          await noteLease(run, owner);
        }
        for (const step of operations) {
          await step(run);
          assertEquals(await list.counts(), run.model.counts());
        }
        const all = await assertCountsMatch(list);
        assertEquals(all.length, run.model.tasks.length);
        for (const task of all) run.model.compare(task);
        for (const { id } of run.model.tasks) run.model.compare(await list.get(id));
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });
}
