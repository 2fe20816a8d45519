import type { KvStore } from "./kv_store.ts";
import { parseTask, type TaskText, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { placeReady } from "./task_kv_block.ts";
import { placeDone } from "./task_kv_done.ts";
import { decodeRunning, encodeRunning, type RunningBlock, RunningBlocks, runningTasks } from "./task_kv_running.ts";
import { count, emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import { settledText } from "./settled_text.ts";
import { farewellOutcome, type OwnerEnd } from "./task_death.ts";
import { type Task, taskWithRequest } from "./task_model.ts";
import type { Settlement, SettleResult } from "./task_shared_list.ts";

/** Blocks that one commit rewrites, at the most. */
const BLOCKS_AT_ONCE = 90;
const ROW_BYTES = 60;
const TASKS_AT_ONCE = 400;
const STALE: SettleResult = { type: "stale" };

/** A settlement with the record that it leads to, and what became of it. */
export interface SettleItem {
  owner: string;
  fence: string;
  after: TaskText;
  result?: SettleResult;
}

/** A running block with what is settled of it. */
interface Part {
  block: RunningBlock;
  items: SettleItem[];
  settled: Set<number>;
}

/**
 * Ends claims. What a claim took stands in one running block under the fence of the claim; each commit takes the settled
 * tasks out of their blocks and puts them where their outcomes say, if the blocks are as this process knows them. A
 * block that is gone, or has no such task any more, means that the claim has ended already.
 *
 * @param items What to settle; each gets its result.
 */
export async function settleItems(store: KvStore, blocks: RunningBlocks, items: readonly SettleItem[]): Promise<void> {
  let open: readonly SettleItem[] = items;
  while (open.length > 0) {
    const batch = new SettleBatch(store, blocks);
    const later: SettleItem[] = [];
    for (const item of open) {
      const place = batch.place(item);
      if (!(place instanceof Promise ? await place : place)) later.push(item);
    }
    const parts = batch.parts();
    if (parts.length > 0 && await commitParts(store, blocks, parts)) {
      for (const { items } of parts) for (const item of items) item.result = { type: "settled", task: item.after.task };
    } else {
      // Somebody touched one of the blocks: the store says what is left of them.
      for (const { block, items } of parts) {
        blocks.forget(block);
        for (const item of items) later.push(item);
      }
    }
    open = later;
  }
}

/** What goes into one commit. */
class SettleBatch {
  readonly #store: KvStore;
  readonly #blocks: RunningBlocks;
  // By name: what is known of a block may change while this waits for another, and each may be written only once.
  readonly #parts = new Map<string, Part>();
  #last: Part | undefined;
  #bytes = 0;
  #tasks = 0;

  constructor(store: KvStore, blocks: RunningBlocks) {
    this.#store = store;
    this.#blocks = blocks;
  }

  parts(): Part[] {
    return [...this.#parts.values()];
  }

  /** Takes an item in, or finds it stale; false if there is no room for it in this commit. */
  place(item: SettleItem): boolean | Promise<boolean> {
    const { limits } = this.#store;
    if (this.#tasks >= Math.min(TASKS_AT_ONCE, limits.mutations / 4) || this.#bytes > limits.bytes / 2) return false;
    const { owner, fence } = item;
    const last = this.#last;
    // What was claimed together often ends together.
    if (last !== undefined && last.block.fence === fence && last.block.owner === owner) return this.#settle(last, item);
    const name = `${owner} ${fence}`;
    const part = this.#parts.get(name);
    if (part !== undefined) return this.#settle(part, item);
    const known = this.#blocks.known(owner, fence);
    if (known !== undefined) return this.#open(name, known, item);
    return this.#blocks.read(owner, fence).then((block) => this.#open(name, block, item));
  }

  #open(name: string, block: RunningBlock | undefined, item: SettleItem): boolean {
    if (block === undefined || !block.open.has(item.after.task.seq)) {
      item.result = STALE;
      return true;
    }
    if (this.#parts.size >= Math.min(BLOCKS_AT_ONCE, this.#store.limits.checks)) return false;
    const part: Part = { block, items: [], settled: new Set() };
    this.#parts.set(name, part);
    for (const text of block.open.values()) this.#bytes += textBytes(text);
    return this.#settle(part, item);
  }

  #settle(part: Part, item: SettleItem): boolean {
    const { seq } = item.after.task;
    this.#last = part;
    const running = part.block.open.get(seq);
    if (running === undefined || part.settled.has(seq)) {
      item.result = STALE;
      return true;
    }
    item.after = part.block.changed === true ? withChanges(item.after, running) : withName(item.after, running);
    part.settled.add(seq);
    part.items.push(item);
    this.#tasks++;
    this.#bytes += textBytes(item.after.text) + ROW_BYTES;
    return true;
  }
}

async function commitParts(store: KvStore, blocks: RunningBlocks, parts: readonly Part[]): Promise<boolean> {
  const step = emptyStep();
  const ready: TaskText[] = [];
  const done: TaskText[] = [];
  const rest: RunningBlock[] = [];
  for (const { block, items, settled } of parts) {
    for (const { after } of items) {
      const { status } = after.task;
      count(step, "running", -1);
      count(step, status, 1);
      if (status === "done") done.push(after);
      else if (isReady(after.task)) ready.push(after);
      else placeAlone(step, after);
    }
    step.checks.push({ key: block.key, versionstamp: block.versionstamp });
    const open = new Map<number, string>();
    if (settled.size < block.open.size) {
      for (const [seq, text] of block.open) if (!settled.has(seq)) open.set(seq, text);
      step.sets.push([block.key, encodeRunning(block.core, open.values())]);
    } else step.deletes.push(block.key);
    rest.push({ ...block, open });
  }
  placeReady(step, ready);
  placeDone(step, done);
  const result = await store.commit(step);
  if (!result.ok) return false;
  for (const block of rest) {
    block.versionstamp = result.versionstamp;
    blocks.remember(block);
  }
  return true;
}

/** Makes the move that a settlement asks for; throws if there is no such move. */
export function settleItem(settlement: Settlement, now: number, valueBytes: number): SettleItem {
  const { owner, fence } = settlement.task;
  return { owner, fence, after: settledText(settlement, now, valueBytes) };
}

/** A task that got its name during the claim keeps it, even if whoever settles does not know that. */
function withName(after: TaskText, running: string): TaskText {
  if (after.task.named === true || !running.includes('"named":true')) return after;
  return withChanges(after, running);
}

/** What others changed of the task meanwhile stays changed. */
function withChanges({ task }: TaskText, running: string): TaskText {
  return taskText(taskWithRequest(task, parseTask(running)));
}

/** Gives back what an owner was running, and says how many tasks that were; `end` says whether it died over them. */
export async function giveBack(
  store: KvStore,
  owner: string,
  end: OwnerEnd,
  now: number,
  failed?: (task: Task) => void,
): Promise<number> {
  let total = 0;
  while (true) {
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.runningOf(owner) }, 80);
    if (entries.length === 0) return total;
    const items = entries.flatMap((entry) => runningTasks(decodeRunning(entry)))
      .map((task) => settleItem({ task, outcome: farewellOutcome(task, end) }, now, store.limits.valueBytes));
    await settleItems(store, new RunningBlocks(store), items);
    for (const { result } of items) {
      if (result?.type !== "settled") continue;
      total++;
      if (result.task.status === "failed") failed?.(result.task);
    }
  }
}
