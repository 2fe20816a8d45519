/**
 * Tasks in blocks: ready and running tasks are stored several to a key, because what a commit costs is its keys. A block
 * is one line of text a task; the texts move from key to key as they are.
 *
 * @module
 */
import { BrokenRecordError } from "./broken_record_error.ts";
import { type TaskText, textBytes } from "./task_codec.ts";
import type { KvStep } from "./kv_store.ts";
import { taskKeys } from "./task_keys.ts";
import { urlHost } from "./url_host.ts";

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

/** The bytes of a block of tasks. */
export function encodeTexts(tasks: readonly TaskText[]): Uint8Array {
  return encodeBlock(tasks.map(({ text }) => text));
}

/**
 * The texts of a block.
 *
 * @throws {BrokenRecordError} If it is none.
 */
export function decodeBlock(bytes: Uint8Array): string[] {
  if (!(bytes instanceof Uint8Array)) throw new BrokenRecordError();
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

interface ReadyGroup {
  priority: number;
  shard: number;
  members: TaskText[];
}

/** Adds to a step: make tasks ready, in blocks of one priority and shard. Their counters are not in it. */
export function placeReady(step: KvStep, tasks: readonly TaskText[]): void {
  const groups = new Map<string, ReadyGroup>();
  let group: ReadyGroup | undefined;
  for (const entry of tasks) {
    const { priority, url } = entry.task;
    const { shard } = urlHost(url);
    // Neighbours are often of one group.
    if (group === undefined || group.priority !== priority || group.shard !== shard) {
      const name = `${priority} ${shard}`;
      group = groups.get(name);
      if (group === undefined) groups.set(name, group = { priority, shard, members: [] });
    }
    group.members.push(entry);
  }
  for (const { priority, shard, members } of groups.values()) {
    members.sort(bySeq);
    for (const block of cutBlocks(members)) {
      step.sets.push([taskKeys.ready(priority, shard, block[0]!.task.seq), encodeTexts(block)]);
    }
  }
}

/** Compares tasks by age. */
export function bySeq(a: TaskText, b: TaskText): number {
  return a.task.seq - b.task.seq;
}
