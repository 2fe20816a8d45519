/**
 * Tasks in blocks: ready and running tasks are stored several to a key, because what a commit costs is its keys. A block
 * is one line of text a task; the texts move from key to key as they are.
 *
 * @module
 */
import { type TaskText, textBytes } from "./task_codec.ts";
import { taskKeys, taskShard } from "./task_keys.ts";
import { emptyStep } from "./task_kv_steps.ts";
import { taskHost } from "./task_model.ts";
import type { KvStep } from "./kv_store.ts";

/**
 * SQLite keeps rows of up to about 1,000 bytes, key included, on one page with their neighbours. The rest of a longer row
 * is on pages of its own, and is read again whenever a search only passes by.
 */
const BLOCK_BYTES = 880;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a block. */
export function encodeBlock(texts: readonly string[]): Uint8Array {
  return encoder.encode(texts.join("\n"));
}

/** The texts of a block. */
export function decodeBlock(bytes: Uint8Array): string[] {
  return decoder.decode(bytes).split("\n");
}

/** Cuts tasks into runs that fit into one block; a task that does not is a block of its own. */
export function* cutBlocks(tasks: readonly TaskText[]): Generator<TaskText[]> {
  let block: TaskText[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const size = textBytes(task.text);
    if (block.length > 0 && bytes + size > BLOCK_BYTES) {
      yield block;
      block = [];
      bytes = 0;
    }
    block.push(task);
    bytes += size;
  }
  if (block.length > 0) yield block;
}

/** A step that makes tasks ready, in blocks of one priority and shard. Their counters are not in it. */
export function placeReady(tasks: readonly TaskText[]): KvStep {
  const groups = new Map<string, TaskText[]>();
  for (const entry of tasks) {
    const group = `${entry.task.priority} ${taskShard(taskHost(entry.task.url))}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [entry]);
    else known.push(entry);
  }
  const step = emptyStep();
  for (const [group, members] of groups) {
    const [priority, shard] = group.split(" ").map(Number) as [number, number];
    members.sort((a, b) => a.task.seq - b.task.seq);
    for (const block of cutBlocks(members)) {
      const key = taskKeys.ready(priority, shard, block[0]!.task.seq);
      step.sets.push([key, encodeBlock(block.map((entry) => entry.text))]);
    }
  }
  return step;
}
