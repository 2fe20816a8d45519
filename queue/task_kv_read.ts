import { taskMatcher } from "./task_filter.ts";
import { taskKeys } from "./task_keys.ts";
import { BLOCK_PAGE, PAGE, sameKey, taskFamilies, type TaskFamily } from "./task_kv_walk.ts";
import { type Task, TASK_STATUSES } from "./task_model.ts";
import type { ListRequest, TaskCounts, TaskPage } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

/** Where a page ended: behind the task `seq` of the entry `key`. */
interface Cursor {
  family: number;
  key: Deno.KvKey;
  seq: number;
}

/** Reads a page of the list. */
export async function listTasks(store: KvStore, request: ListRequest): Promise<TaskPage> {
  const limit = request.limit ?? 100;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`Cannot list tasks as limit must be a positive integer: current value is ${limit}`);
  }
  const { filter } = request;
  const statuses = TASK_STATUSES.filter((status) =>
    (request.status ?? status) === status && (filter?.status?.includes(status) ?? true)
  );
  const matches = filter === undefined ? undefined : taskMatcher(filter);
  const all = statuses.flatMap(taskFamilies);
  const from = request.cursor === undefined ? undefined : decodeCursor(request.cursor, all);
  const tasks: Task[] = [];
  let cursor: Cursor | undefined;
  for (let family = from?.family ?? 0; family < all.length; family++) {
    const { prefix, blocks, tasks: tasksOf } = all[family]!;
    let start = family === from?.family ? from.key : undefined;
    while (true) {
      // One more than fits tells whether another page follows; the first is what the page before has ended in. Blocks
      // hold many tasks each: few are read at once, so that a page costs what it shows.
      const wanted = matches === undefined ? limit - tasks.length + 2 : Infinity;
      const page = Math.min(blocks ? BLOCK_PAGE : PAGE, wanted);
      const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, page);
      for (const entry of entries) {
        const seen = start !== undefined && sameKey(entry.key, start);
        // The page before may have ended within this block, at the task of the cursor.
        const done = seen ? (sameKey(entry.key, from?.key) && cursor === undefined ? from!.seq : Infinity) : -Infinity;
        for (const task of tasksOf(entry)) {
          if (task.seq <= done || matches?.(task) === false) continue;
          if (tasks.length === limit) return { tasks, cursor: encodeCursor(cursor!) };
          tasks.push(task);
          cursor = { family, key: entry.key, seq: task.seq };
        }
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < page) break;
      start = last.key as Deno.KvKey;
    }
  }
  return { tasks };
}

/** Reads the counters. */
export async function countTasks(store: KvStore): Promise<TaskCounts> {
  const entries = await store.getMany<Deno.KvU64>(TASK_STATUSES.map(taskKeys.count));
  const counts: TaskCounts = { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, canceled: 0 };
  for (const [i, status] of TASK_STATUSES.entries()) counts[status] = Number(entries[i]?.value?.value ?? 0n);
  return counts;
}

function encodeCursor({ family, key, seq }: Cursor): string {
  return btoa(encodeURIComponent(JSON.stringify([family, seq, ...key])));
}

function decodeCursor(cursor: string, all: readonly TaskFamily[]): Cursor {
  try {
    const [family, seq, ...key] = JSON.parse(decodeURIComponent(atob(cursor)));
    const prefix = all[family]?.prefix;
    if (prefix !== undefined && Number.isInteger(seq) && prefix.every((part, i) => part === key[i])) {
      return { family, key, seq };
    }
  } catch {
    // The error below says it.
  }
  throw new RangeError(`Cannot list tasks as cursor must come from the page before: current value is ${cursor}`);
}
