/**
 * Where a task is claimed. The order of the claims is the order of the ready keys: priority, shard, sequence. Each worker
 * starts at one of its own shards, a different one with every claim, and takes from the others when those are dry.
 *
 * Ready tasks stand in blocks. A claim takes whole blocks, and of the last one what it needs; one commit checks that they
 * are as they were read, removes them, puts back the rest of the last one, and stores what was taken as a running block.
 *
 * @module
 */
import { decodeTask, parseTask, type TaskText, taskText } from "./task_codec.ts";
import { SHARDS, taskKeys } from "./task_keys.ts";
import { firstShard } from "./first_shard.ts";
import { HostRooms } from "./host_rooms.ts";
import { AsideBlocks, type AsideCursor, bringBack, isFull, setAside } from "./task_kv_aside.ts";
import { bySeq, cutBlocks, decodeBlock, placeReady } from "./task_kv_block.ts";
import { claimedTask } from "./claimed_task.ts";
import { encodeRunning, type RunningBlock, type RunningBlocks } from "./task_kv_running.ts";
import { emptyStep, joinSteps } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import type { ClaimRequest } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

type Entry = Deno.KvEntry<Uint8Array>;

interface ReadyBlock {
  entry: Entry;
  texts: string[];
}

const LOST_RACES = 8;
const PROMOTE_AT_ONCE = 500;
/** Blocks that one commit takes, at the most, and the bytes of them that are enough: small ones are taken by the dozen. */
const BLOCKS_AT_ONCE = 90;
const BLOCK_BYTES_AT_ONCE = 300_000;
/** Who has tasks already does not wait for more while further blocks than these are set aside. */
const ASIDE_BESIDE_TASKS = 360;
/** And who has none yet looks into the next shard after so many commits that set others aside. */
const ASIDES_IN_SHARD = 8;
/** The tasks of a block, as a guess before any was seen. */
const USUAL_BLOCK = 8;

/** How {@linkcode claimTasks} works. */
export interface ClaimContext {
  store: KvStore;
  blocks: RunningBlocks;
  /** Kept from claim to claim. */
  aside: AsideCursor;
  now: number;
  /** Counts this worker's claims, so that they go round its shards. */
  turn: number;
  /** Makes a fence that was never used before. */
  nextFence: () => string;
}

/**
 * Takes ready tasks for an owner.
 *
 * @returns The claimed tasks, in the order of the list; empty if nothing is ready or the owner is not registered.
 */
export async function claimTasks(context: ClaimContext, request: ClaimRequest): Promise<ClaimedTask[]> {
  const { store } = context;
  const rooms = new HostRooms(request.hosts);
  const [owner] = await Promise.all([
    store.get(taskKeys.owner(request.owner)),
    promoteDue(context, request.limit),
    bringBack(store, rooms, context.aside, context.now, request),
  ]);
  if (owner.versionstamp === null) return [];
  const claimed: ClaimedTask[] = [];
  try {
    await claimReady(context, request, { key: owner.key, versionstamp: owner.versionstamp }, rooms, claimed);
  } catch (error) {
    // What is claimed is running, and nobody but this owner could run it: the trouble waits for the next call.
    if (claimed.length === 0) throw error;
  }
  return claimed;
}

/** Claims into `claimed`, so that a failure half way keeps what it has. */
async function claimReady(
  context: ClaimContext,
  request: ClaimRequest,
  owner: Deno.AtomicCheck,
  allRooms: HostRooms,
  claimed: ClaimedTask[],
): Promise<void> {
  const { store } = context;
  let first = firstShard(request, context.turn);
  let rooms = allRooms;
  let least = 0;
  let aside = 0;
  let asides = 0;
  for (let races = 0; claimed.length < request.limit && races < LOST_RACES;) {
    const wanted = request.limit - claimed.length;
    // The owner is checked, and each block that is taken.
    const most = Math.max(1, Math.min(BLOCKS_AT_ONCE, store.limits.checks - 1));
    // After a lost race, look further than is needed and start anywhere in it: two owners then seldom meet again.
    const seen = await readyBlocks(store, first, wanted, most * (races + 1), Math.max(least, races * most));
    if (seen.length === 0) return;
    const from = races === 0 ? 0 : Math.floor(Math.random() * seen.length);
    const taken = await takeBlocks(context, request, owner, rooms, seen.slice(from, from + most), wanted);
    if (taken !== undefined) {
      claimed.push(...taken.tasks);
      // Where tasks had to be set aside, more of the same follow: on to the others in large steps.
      least = taken.aside > 0 ? most : 0;
      if (taken.aside > 0) asides++;
      aside += taken.aside;
      if (aside >= ASIDE_BESIDE_TASKS && claimed.length > 0) return;
      // The other shards may have what can be claimed at once.
      if (taken.aside > 0 && asides % ASIDES_IN_SHARD === 0) first = (first + 1) % SHARDS;
      // More of the same may follow, which could be claimed in a moment: to set it aside would cost more than to wait.
      if (taken.rooms.metBrief && taken.tasks.length === 0) return;
      // A long look may go on until a host has room again.
      rooms = claimed.length > 0 ? taken.rooms : new HostRooms(request.hosts);
      continue;
    }
    races++;
    if ((await store.get(owner.key)).versionstamp !== owner.versionstamp) return;
  }
}

/** What one commit took out of the ready blocks. */
interface Taken {
  tasks: ClaimedTask[];
  /** The room that is left. */
  rooms: HostRooms;
  /** How many tasks or blocks of them were set aside. */
  aside: number;
}

/**
 * One commit: moves up to `wanted` tasks out of ready blocks into running ones, and sets those aside whose host has no
 * room; `undefined` if the race was lost.
 */
async function takeBlocks(
  { store, blocks, nextFence }: ClaimContext,
  request: ClaimRequest,
  owner: Deno.AtomicCheck,
  allRooms: HostRooms,
  seen: readonly ReadyBlock[],
  wanted: number,
): Promise<Taken | undefined> {
  const step: KvStep = { ...emptyStep(), checks: [owner] };
  const rooms = allRooms.copy();
  const aside = new AsideBlocks();
  const taken: TaskText[] = [];
  const rest: TaskText[] = [];
  let bytes = 0;
  for (const { entry, texts } of seen) {
    if (taken.length >= wanted || bytes > BLOCK_BYTES_AT_ONCE || isFull(aside, taken.length, store)) break;
    bytes += entry.value.length;
    const open = rooms.unlimited ? texts : setAside(entry, texts, rooms, aside);
    for (const text of open) (taken.length < wanted ? taken : rest).push({ task: parseTask(text), text });
    step.checks.push({ key: entry.key, versionstamp: entry.versionstamp });
    step.deletes.push(entry.key);
  }
  const running: RunningBlock[] = [];
  const fences = new Map<number, string>();
  for (const members of cutBlocks(taken)) {
    const fence = nextFence();
    const key = taskKeys.running(request.owner, fence);
    members.sort(bySeq);
    const open = new Map<number, string>();
    for (const { task, text } of members) {
      open.set(task.seq, text);
      fences.set(task.seq, fence);
    }
    step.sets.push([key, encodeRunning(request.core, open.values())]);
    running.push({ key, versionstamp: "", owner: request.owner, fence, core: request.core, open });
  }
  step.counts = { waiting: -taken.length, running: taken.length };
  placeReady(step, rest);
  aside.place(step);
  const result = await store.commit(step);
  if (!result.ok) return undefined;
  for (const block of running) {
    block.versionstamp = result.versionstamp;
    blocks.remember(block);
  }
  const tasks = taken.map(({ task }) => claimedTask(task, request.owner, request.core, fences.get(task.seq)!));
  return { tasks, rooms, aside: aside.keys };
}

/**
 * Reads blocks from the head of the list: one priority after the other, each from `first` on and round to it again.
 * Stops when they hold `wanted` tasks in `least` further blocks, or at `most` blocks.
 */
async function readyBlocks(
  store: KvStore,
  first: number,
  wanted: number,
  most: number,
  least: number,
): Promise<ReadyBlock[]> {
  const found: ReadyBlock[] = [];
  let tasks = 0;
  const enough = () => found.length >= most || (tasks >= wanted && found.length >= least);
  const read = async (start: Deno.KvKey, end: Deno.KvKey) => {
    for (let from = start; !enough();) {
      const usual = found.length === 0 ? USUAL_BLOCK : tasks / found.length;
      const missing = Math.max(1, Math.ceil((wanted - tasks) / usual), least - found.length);
      const page = Math.min(most - found.length, missing);
      const entries = await store.list<Uint8Array>({ start: from, end }, page);
      for (const entry of entries) {
        const texts = decodeBlock(entry.value);
        found.push({ entry, texts });
        tasks += texts.length;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < page) return;
      from = [...last.key.slice(0, -1), (last.key.at(-1) as number) + 1];
    }
  };
  const prefix = taskKeys.readyAll();
  let start: Deno.KvKey | undefined;
  while (!enough()) {
    const [head] = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, 1);
    if (head === undefined) break;
    const priority = 0 - (head.key[2] as number);
    const from = taskKeys.readyFrom(priority, first);
    const next = taskKeys.readyFrom(priority, SHARDS);
    await read(from, next);
    if (first > 0) await read(taskKeys.readyFrom(priority, 0), from);
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
    takeTasks(step, entry, new Set([delayed.seq]));
    return { step, ready: taskText(ready as Task) };
  });
  for (const chunk of store.chunks(items)) {
    const step = joinSteps(chunk.map((item) => item.step));
    placeReady(step, chunk.map((item) => item.ready));
    await store.commit(step);
  }
}
