/**
 * Where the records of each state are, and a walk through them.
 *
 * @module
 */
import { decodeTask, parseTask } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { decodeBlock } from "./task_kv_block.ts";
import { decodeRunning, runningTasks } from "./task_kv_running.ts";
import type { Task, TaskStatus } from "./task_model.ts";
import type { KvStore } from "./kv_store.ts";

/** Entries of one task each that are read at once. */
export const PAGE = 500;
/** Entries of many tasks each that are read at once. */
export const BLOCK_PAGE = 50;

/** A stretch of keys under which tasks of one state are. */
export interface TaskFamily {
  prefix: Deno.KvKey;
  /** True if an entry holds many tasks. */
  blocks: boolean;
  /** The tasks of one entry. */
  tasks: (entry: Deno.KvEntry<Uint8Array>) => Task[];
}

/** Where the records of a state are, in the order of the list. */
export function taskFamilies(status: TaskStatus): TaskFamily[] {
  const inBlock = (entry: Deno.KvEntry<Uint8Array>) => decodeBlock(entry.value).map(parseTask);
  const alone = (entry: Deno.KvEntry<Uint8Array>) => [decodeTask(entry.value)];
  switch (status) {
    case "running":
      return [{
        prefix: taskKeys.runningAll(),
        blocks: true,
        tasks: (entry) => runningTasks(decodeRunning(entry)).map(({ fence: _, ...task }) => task),
      }];
    case "done":
      return [{ prefix: taskKeys.restingAll("done"), blocks: true, tasks: inBlock }];
    case "waiting":
      return [
        { prefix: taskKeys.readyAll(), blocks: true, tasks: inBlock },
        { prefix: taskKeys.asideAll(), blocks: true, tasks: inBlock },
        { prefix: taskKeys.delayedAll(), blocks: false, tasks: alone },
      ];
    default:
      return [{ prefix: taskKeys.restingAll(status), blocks: false, tasks: alone }];
  }
}

/** An entry of the list, and the tasks whose records it holds. */
export interface TaskRecord {
  entry: Deno.KvEntry<Uint8Array>;
  tasks: Task[];
}

/** Reads all records of a state, page by page. Tasks that come behind the page while it goes on are met too. */
export async function* walkRecords(store: KvStore, status: TaskStatus): AsyncGenerator<TaskRecord[], void, void> {
  for (const { prefix, blocks, tasks } of taskFamilies(status)) {
    const limit = blocks ? BLOCK_PAGE : PAGE;
    let start: Deno.KvKey | undefined;
    while (true) {
      const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, limit);
      // A page begins with what the one before ended with.
      const fresh = start === undefined || !sameKey(entries[0]?.key, start) ? entries : entries.slice(1);
      if (fresh.length > 0) yield fresh.map((entry) => ({ entry, tasks: tasks(entry) }));
      const last = entries.at(-1);
      if (last === undefined || entries.length < limit) break;
      start = last.key as Deno.KvKey;
    }
  }
}

/** True if both are the same key. */
export function sameKey(a: Deno.KvKey | undefined, b: Deno.KvKey | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((part, i) => part === b[i]);
}
