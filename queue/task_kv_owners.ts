/**
 * Owners on Deno KV. An owner is registered (`owner`), says that it lives (`alive`), and is buried (`dead`) before its
 * tasks are taken back. Claims check the registration, so a buried owner can claim nothing, and the fences of what it
 * still runs decide who settles each task.
 *
 * @module
 */
import { OWNER_LEASE_MS } from "./owner_lease.ts";
import { taskKeys } from "./task_keys.ts";
import { giveBack } from "./task_kv_settle.ts";
import { emptyStep } from "./task_kv_steps.ts";
import { endOf, type OwnerEnd } from "./task_death.ts";
import type { Task } from "./task_model.ts";
import type { OwnerInfo, OwnerState, OwnerVerdict, OwnerVitals } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

/** Makes an owner known and alive. */
export async function registerOwner(store: KvStore, info: OwnerInfo, now: number): Promise<void> {
  const step = emptyStep();
  step.sets.push([taskKeys.owner(info.owner), info], [taskKeys.alive(info.owner), now + leaseOf(info)]);
  await store.commit(step);
}

/** The lease is the owner's own: whoever reads the list has only to know until when it lasts. */
function leaseOf({ leaseMs = OWNER_LEASE_MS }: OwnerInfo): number {
  return leaseMs;
}

/** Until when an owner is alive, and what it says of itself. */
type Life = number | readonly [until: number, vitals: OwnerVitals];

/** Renews an owner, unless it was buried. */
export async function renewOwner(
  store: KvStore,
  owner: string,
  now: number,
  vitals?: OwnerVitals,
): Promise<"alive" | "lost"> {
  const key = taskKeys.owner(owner);
  const { value, versionstamp } = await store.get<OwnerInfo>(key);
  if (versionstamp === null) return "lost";
  const step = { ...emptyStep(), checks: [{ key, versionstamp }] };
  const until = now + leaseOf(value);
  step.sets.push([taskKeys.alive(owner), (vitals === undefined ? until : [until, vitals]) satisfies Life]);
  return (await store.commit(step)).ok ? "alive" : "lost";
}

/** Removes an owner and gives back what it was running. */
export async function removeOwner(store: KvStore, owner: string, now: number): Promise<void> {
  await bury(store, owner, "released");
  await giveBack(store, owner, "released", now);
  await forget(store, owner);
}

/** Reads every owner that is registered. */
export async function readOwners(store: KvStore, now: number): Promise<OwnerState[]> {
  return (await readLeases(store, now)).map((lease) => lease.owner);
}

interface Lease {
  owner: OwnerState;
  /** Both keys, as they were read: a burial that demands them cannot hit an owner that has moved on. */
  checks: Deno.AtomicCheck[];
}

async function readLeases(store: KvStore, now: number): Promise<Lease[]> {
  const infos = await store.list<OwnerInfo>({ prefix: taskKeys.ownerAll() }, 100_000);
  const alive = await store.getMany<Life>(infos.map((entry) => taskKeys.alive(entry.value.owner)));
  return infos.map((entry, i) => {
    const life = alive[i]?.value ?? 0;
    const [aliveUntil, vitals] = typeof life === "number" ? [life] : life;
    return {
      owner: { ...entry.value, aliveUntil, alive: aliveUntil >= now, ...(vitals === undefined ? {} : { vitals }) },
      checks: [
        { key: entry.key, versionstamp: entry.versionstamp },
        { key: taskKeys.alive(entry.value.owner), versionstamp: alive[i]?.versionstamp ?? null },
      ],
    };
  });
}

/**
 * Takes back the tasks of owners that are dead: those that `isAlive` knows to be gone, at once, and those that it
 * cannot judge (another machine's), or that stand still, after their lease.
 *
 * @returns How many tasks went back.
 */
export async function reclaimTasks(
  store: KvStore,
  now: number,
  isAlive: ((owner: OwnerState) => OwnerVerdict) | undefined,
  failed?: (task: Task) => void,
): Promise<number> {
  for (const { owner, checks } of await readLeases(store, now)) {
    const verdict = isAlive?.(owner);
    // A heartbeat that arrives between the look and the burial saves the owner.
    if (verdict === false || (verdict !== true && !owner.alive)) {
      await bury(store, owner.owner, endOf(verdict), checks);
    }
  }
  let count = 0;
  // Whoever finishes giving back the tasks of an owner must know how it went.
  for (const entry of await store.list<OwnerEnd>({ prefix: taskKeys.deadAll() }, 100_000)) {
    const owner = entry.key[2] as string;
    count += await giveBack(store, owner, entry.value, now, failed);
    await forget(store, owner);
  }
  return count;
}

async function bury(store: KvStore, owner: string, how: OwnerEnd, checks: Deno.AtomicCheck[] = []): Promise<void> {
  const step = { ...emptyStep(), checks };
  step.deletes.push(taskKeys.owner(owner), taskKeys.alive(owner));
  step.sets.push([taskKeys.dead(owner), how]);
  await store.commit(step);
}

async function forget(store: KvStore, owner: string): Promise<void> {
  const step = emptyStep();
  const orders = await store.list({ prefix: taskKeys.ordersOf(owner) }, store.limits.mutations - 1);
  step.deletes.push(taskKeys.dead(owner), ...orders.map(({ key }) => key as Deno.KvKey));
  await store.commit(step);
}
