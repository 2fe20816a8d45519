import { decodeTask } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { findTask, type Located } from "./task_kv_locate.ts";
import { emptyStep, placeTask, takeTask } from "./task_kv_steps.ts";
import { type Task, TASK_STATUSES, taskCanMove, taskRetry, type TaskStatus } from "./task_model.ts";
import type { ListRequest, RetryRequest, TaskCounts, TaskPage } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

const PAGE = 500;

/** Where the records of a state are, in the order of the list. */
function families(status: TaskStatus): Deno.KvKey[] {
  switch (status) {
    case "running":
      return [taskKeys.runningAll()];
    case "waiting":
      return [taskKeys.readyAll(), taskKeys.delayedAll()];
    default:
      return [taskKeys.restingAll(status)];
  }
}

/** Reads a page of the list. */
export async function listTasks(store: KvStore, request: ListRequest): Promise<TaskPage> {
  const limit = request.limit ?? 100;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`Cannot list tasks as limit must be a positive integer: current value is ${limit}`);
  }
  const prefixes = (request.status === undefined ? TASK_STATUSES : [request.status]).flatMap(families);
  const from = request.cursor === undefined ? undefined : decodeCursor(request.cursor, prefixes);
  const tasks: Task[] = [];
  let cursor: string | undefined;
  for (let i = from?.family ?? 0; i < prefixes.length; i++) {
    const prefix = prefixes[i]!;
    const start = i === from?.family ? from.after : undefined;
    const room = limit - tasks.length;
    // One more than fits tells whether another page follows, and the start of a range is what the page before ended with.
    const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, room + 2);
    const fresh = start !== undefined && sameKey(entries[0]?.key, start) ? entries.slice(1) : entries;
    const shown = fresh.slice(0, room);
    for (const entry of shown) tasks.push(decodeTask(entry.value));
    const last = shown.at(-1);
    if (last !== undefined) cursor = encodeCursor(i, last.key);
    if (fresh.length > room && cursor !== undefined) return { tasks, cursor };
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

/** Lets settled tasks wait again. */
export async function retryTasks(store: KvStore, request: RetryRequest): Promise<number> {
  let count = 0;
  const move = async (located: readonly Located[]) => {
    const items = located
      .filter(({ task }) => taskCanMove(task.status, "retry-by-user"))
      .filter(({ task }) => !request.retryableOnly || task.error?.retryable === true)
      .map(({ entry, task }) => {
        const step = emptyStep();
        takeTask(step, entry, task);
        placeTask(step, taskRetry(task));
        return { step };
      });
    for (const chunk of store.chunks(items)) {
      // A lost race means that somebody else moved some of them: the rest goes one by one.
      if ((await store.commit(chunk.map((item) => item.step))).ok) count += chunk.length;
      else for (const item of chunk) if ((await store.commit([item.step])).ok) count++;
    }
  };
  if (request.ids !== undefined) {
    for (const id of request.ids) {
      const located = await findTask(store, id);
      if (located !== undefined) await move([located]);
    }
    return count;
  }
  const prefix = taskKeys.restingAll("failed");
  let start: Deno.KvKey | undefined;
  while (true) {
    const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, PAGE);
    await move(entries.map((entry) => ({ entry, task: decodeTask(entry.value) })));
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE) return count;
    start = taskKeys.resting("failed", (last.key[2] as number) + 1);
  }
}

function sameKey(a: Deno.KvKey | undefined, b: Deno.KvKey): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function encodeCursor(family: number, after: Deno.KvKey): string {
  return btoa(encodeURIComponent(JSON.stringify([family, ...after])));
}

function decodeCursor(cursor: string, prefixes: readonly Deno.KvKey[]): { family: number; after: Deno.KvKey } {
  try {
    const [family, ...after] = JSON.parse(decodeURIComponent(atob(cursor)));
    const prefix = prefixes[family];
    if (prefix !== undefined && prefix.every((part, i) => part === after[i])) return { family, after };
  } catch {
    // The error below says it.
  }
  throw new RangeError(`Cannot list tasks as cursor must come from the page before: current value is ${cursor}`);
}
