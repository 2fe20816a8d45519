/**
 * Where a task is claimed. The order of the claims is the order of the ready keys: priority, shard, sequence. Each worker
 * starts at one of its own shards, a different one with every claim, and takes from the others when those are dry.
 *
 * @module
 */
import { decodeTask } from "./task_codec.ts";
import { SHARDS, taskKeys } from "./task_keys.ts";
import { emptyStep, placeTask, takeTask } from "./task_kv_steps.ts";
import { type ClaimedTask, type Task, taskClaim } from "./task_model.ts";
import type { ClaimRequest } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

type Entry = Deno.KvEntry<Uint8Array>;

const LOST_RACES = 8;
const PROMOTE_AT_ONCE = 500;

/** How {@linkcode claimTasks} works. */
export interface ClaimContext {
  store: KvStore;
  now: number;
  /** Counts this worker's claims, so that they go round its shards. */
  turn: number;
}

/**
 * Takes ready tasks for an owner: one atomic check-and-set moves each from the ready keys to the owner's running keys.
 *
 * @returns The claimed tasks, in the order of the list; empty if nothing is ready or the owner is not registered.
 */
export async function claimTasks(context: ClaimContext, request: ClaimRequest): Promise<ClaimedTask[]> {
  const { store } = context;
  const [owner] = await Promise.all([store.get(taskKeys.owner(request.owner)), promoteDue(context, request.limit)]);
  if (owner.versionstamp === null) return [];
  const claimed: ClaimedTask[] = [];
  try {
    await claimReady(context, request, { key: owner.key, versionstamp: owner.versionstamp }, claimed);
  } catch (error) {
    // What is claimed is running, and nobody but this owner could run it: the trouble waits for the next call.
    if (claimed.length === 0) throw error;
  }
  return claimed;
}

/** Claims into `claimed`, so that a failure half way keeps what it has. */
async function claimReady(
  { store, turn }: ClaimContext,
  request: ClaimRequest,
  owner: Deno.AtomicCheck,
  claimed: ClaimedTask[],
): Promise<void> {
  const first = firstShard(request, turn);
  for (let races = 0; claimed.length < request.limit && races < LOST_RACES;) {
    // After a lost race, look further than is needed and start anywhere in it: two owners then seldom meet again.
    const wanted = request.limit - claimed.length;
    const seen = await readyEntries(store, first, wanted * (races + 1));
    if (seen.length === 0) break;
    const from = races === 0 ? 0 : Math.floor(Math.random() * Math.max(1, seen.length - wanted + 1));
    const items = seen.slice(from, from + wanted).map((entry) => moveToRunning(entry, request));
    let lost = false;
    for (const chunk of store.chunks(items, 1)) {
      const guard = { ...emptyStep(), checks: [owner] };
      const result = await store.commit([guard, ...chunk.map((item) => item.step)]);
      if (!result.ok) {
        lost = true;
        break;
      }
      for (const { task } of chunk) claimed.push({ ...task, fence: result.versionstamp } as ClaimedTask);
    }
    if (lost) {
      races++;
      if ((await store.get(owner.key)).versionstamp !== owner.versionstamp) return;
    } else if (seen.length < wanted) {
      return;
    }
  }
}

function moveToRunning(entry: Entry, request: ClaimRequest) {
  const waiting = decodeTask(entry.value);
  const task = taskClaim(waiting, request.owner, request.core);
  const step = emptyStep();
  takeTask(step, entry, waiting);
  placeTask(step, task);
  return { step, task };
}

function firstShard(request: ClaimRequest, turn: number): number {
  const { index, of } = request.worker ?? { index: 0, of: 1 };
  const own: number[] = [];
  for (let shard = index % SHARDS; shard < SHARDS; shard += Math.min(of, SHARDS)) own.push(shard);
  return own[turn % own.length] ?? 0;
}

/** Reads the head of the list: one priority after the other, each from `first` on and round to it again. */
async function readyEntries(store: KvStore, first: number, limit: number): Promise<Entry[]> {
  const found: Entry[] = [];
  const prefix = taskKeys.readyAll();
  let start: Deno.KvKey | undefined;
  while (found.length < limit) {
    const [head] = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, 1);
    if (head === undefined) break;
    const priority = 0 - (head.key[2] as number);
    const from = taskKeys.readyFrom(priority, first);
    const next = taskKeys.readyFrom(priority, SHARDS);
    found.push(...await store.list<Uint8Array>({ start: from, end: next }, limit - found.length));
    if (found.length < limit && first > 0) {
      const low = taskKeys.readyFrom(priority, 0);
      found.push(...await store.list<Uint8Array>({ start: low, end: from }, limit - found.length));
    }
    start = next;
  }
  return found;
}

/**
 * Makes delayed tasks ready whose time has come. Each call does a share that no claim can outrun, so that the return of a
 * whole host's tasks delays nobody. Whoever loses the race for some of them need not care.
 */
async function promoteDue({ store, now }: ClaimContext, limit: number): Promise<void> {
  const selector = { prefix: taskKeys.delayedAll(), end: taskKeys.delayedUntil(now + 1) };
  const entries = await store.list<Uint8Array>(selector, Math.max(PROMOTE_AT_ONCE, limit));
  const items = entries.map((entry) => {
    const delayed = decodeTask(entry.value);
    const { notBefore: _, ...ready } = delayed;
    const step = emptyStep();
    takeTask(step, entry, delayed);
    placeTask(step, ready as Task);
    return { step };
  });
  for (const chunk of store.chunks(items)) await store.commit(chunk.map((item) => item.step));
}
