import { parseTask, type TaskText, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { placeReady } from "./task_kv_block.ts";
import { decodeRunning, encodeRunning, type RunningBlock, RunningBlocks, runningTasks } from "./task_kv_running.ts";
import { count, emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import { type Task, taskSettle } from "./task_model.ts";
import type { Settlement, SettleResult } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

/** Blocks that one commit rewrites, at the most. */
const BLOCKS_AT_ONCE = 90;
const ROW_BYTES = 60;
const TASKS_AT_ONCE = 400;

/** A settlement with the record that it leads to. */
export interface SettleItem {
  owner: string;
  fence: string;
  after: TaskText;
}

interface OpenItem extends SettleItem {
  index: number;
}

/**
 * Ends claims. What a claim took stands in one running block under the fence of the claim; each commit takes the settled
 * tasks out of their blocks and puts them where their outcomes say, if the blocks are as this process knows them. A
 * block that is gone, or has no such task any more, means that the claim has ended already.
 *
 * @returns One result for each settlement, in order.
 */
export async function settleItems(
  store: KvStore,
  blocks: RunningBlocks,
  items: readonly SettleItem[],
): Promise<SettleResult[]> {
  const results: SettleResult[] = new Array(items.length);
  let open = items.map((item, index) => ({ ...item, index }));
  while (open.length > 0) {
    // By name: what is known of a block may change while this waits for another, and each may be written only once.
    const batch = new Map<string, { block: RunningBlock; items: OpenItem[] }>();
    const seen = new Set<string>();
    const later: OpenItem[] = [];
    let bytes = 0;
    let tasks = 0;
    for (const item of open) {
      const full = tasks >= Math.min(TASKS_AT_ONCE, store.limits.mutations / 4) || bytes > store.limits.bytes / 2;
      const name = `${item.fence} ${item.owner}`;
      const block = full ? undefined : batch.get(name)?.block ?? await blocks.find(item.owner, item.fence);
      const claim = `${item.after.task.seq} ${name}`;
      if (full) later.push(item);
      else if (block === undefined || !block.open.has(item.after.task.seq) || seen.has(claim)) {
        results[item.index] = { type: "stale" };
      } else if (!batch.has(name) && batch.size >= Math.min(BLOCKS_AT_ONCE, store.limits.checks)) {
        later.push(item);
      } else {
        const members = batch.get(name);
        const named = withName(item, block.open.get(item.after.task.seq)!);
        if (members === undefined) {
          batch.set(name, { block, items: [named] });
          for (const text of block.open.values()) bytes += textBytes(text);
        } else members.items.push(named);
        seen.add(claim);
        tasks++;
        bytes += textBytes(named.after.text) + ROW_BYTES;
      }
    }
    const parts = [...batch.values()];
    if (parts.length > 0 && await commitBatch(store, blocks, parts)) {
      for (const item of parts.flatMap((part) => part.items)) {
        results[item.index] = { type: "settled", task: item.after.task };
      }
    } else {
      // Somebody touched one of the blocks: the store says what is left of them.
      for (const { block, items } of parts) {
        blocks.forget(block);
        later.push(...items);
      }
    }
    open = later;
  }
  return results;
}

async function commitBatch(
  store: KvStore,
  blocks: RunningBlocks,
  parts: readonly { block: RunningBlock; items: readonly SettleItem[] }[],
): Promise<boolean> {
  const step = emptyStep();
  const ready: TaskText[] = [];
  const rest: RunningBlock[] = [];
  for (const { block, items } of parts) {
    const open = new Map(block.open);
    for (const { after } of items) {
      open.delete(after.task.seq);
      count(step, "running", -1);
      count(step, after.task.status, 1);
      if (isReady(after.task)) ready.push(after);
      else placeAlone(step, after);
    }
    rest.push({ ...block, open });
    step.checks.push({ key: block.key, versionstamp: block.versionstamp });
    if (open.size === 0) step.deletes.push(block.key);
    else step.sets.push([block.key, encodeRunning(block.core, open.values())]);
  }
  const result = await store.commit([step, placeReady(ready)]);
  if (!result.ok) return false;
  for (const block of rest) blocks.remember({ ...block, versionstamp: result.versionstamp });
  return true;
}

/** Makes the move that a settlement asks for; throws if there is no such move. */
export function settleItem({ task: claimed, outcome }: Settlement, now: number, valueBytes: number): SettleItem {
  const { fence, ...running } = claimed;
  const after = taskText(taskSettle(running, outcome, now));
  // A record that outgrew its value could never be settled, and would run for ever.
  const fits = textBytes(after.text) <= valueBytes;
  return { owner: claimed.owner, fence, after: fits ? after : taskText(shorten(after.task)) };
}

/** A task that got its name during the claim keeps it, even if whoever settles does not know that. */
function withName<T extends SettleItem>(item: T, text: string): T {
  const { task } = item.after;
  if (task.named === true || !text.includes('"named":true')) return item;
  return { ...item, after: taskText({ ...task, out: parseTask(text).out, named: true }) };
}

function shorten(task: Task): Task {
  const { finalUrl: _url, etag: _etag, lastModified: _date, error, ...rest } = task;
  return error === undefined ? rest : { ...rest, error: { ...error, message: error.message.slice(0, 500) } };
}

/** Gives back what an owner was running, and says how many tasks that were; `outcome` says whether it died over them. */
export async function giveBack(
  store: KvStore,
  owner: string,
  outcome: "released" | "crashed",
  now: number,
): Promise<number> {
  let total = 0;
  while (true) {
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.runningOf(owner) }, 80);
    if (entries.length === 0) return total;
    const items = entries.flatMap((entry) => runningTasks(decodeRunning(entry)))
      .map((task) => settleItem({ task, outcome: { type: outcome } }, now, store.limits.valueBytes));
    const results = await settleItems(store, new RunningBlocks(store), items);
    total += results.filter((result) => result.type === "settled").length;
  }
}
