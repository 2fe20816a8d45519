/**
 * Finished tasks: most of the list, in the end. They stand in blocks like those that wait, since what a commit costs is
 * its keys. A block is under the number of its first task, and no task in it is far above that: so the few blocks
 * that could hold a number are next to each other.
 *
 * @module
 */
import type { KvStep, KvStore } from "./kv_store.ts";
import { isTextOf, parseTask, type TaskText } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { bySeq, cutBlocks, decodeBlock, encodeTexts } from "./task_kv_block.ts";
import type { Task } from "./task_model.ts";

/** How far above its first task's number a block may reach. */
const REACH = 500;

/** A finished task, and the block that it stands in. */
export interface LocatedDone {
  task: Task;
  entry: Deno.KvEntry<Uint8Array>;
}

/** Adds to a step: these tasks are done. Their counters are not in it. */
export function placeDone(step: KvStep, tasks: TaskText[]): void {
  tasks.sort(bySeq);
  for (let from = 0; from < tasks.length;) {
    const last = tasks[from]!.task.seq + REACH;
    let to = from + 1;
    while (to < tasks.length && tasks[to]!.task.seq <= last) to++;
    for (const block of cutBlocks(tasks.slice(from, to))) {
      step.sets.push([taskKeys.resting("done", block[0]!.task.seq), encodeTexts(block)]);
    }
    from = to;
  }
}

/** Finds a finished task by its number. */
export async function findDone(store: KvStore, seq: number): Promise<LocatedDone | undefined> {
  const range = { start: taskKeys.resting("done", seq - REACH), end: taskKeys.resting("done", seq + 1) };
  for (const entry of await store.list<Uint8Array>(range, REACH + 1, true)) {
    const text = decodeBlock(entry.value).find((text) => isTextOf(text, seq));
    if (text !== undefined) return { task: parseTask(text), entry };
  }
  return undefined;
}
