import { decodeTask, parseTask, type TaskText, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { decodeBlock, placeReady } from "./task_kv_block.ts";
import { findTask } from "./task_kv_locate.ts";
import { decodeRunning, runningTasks } from "./task_kv_running.ts";
import { count, emptyStep, joinSteps } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";
import { type Task, TASK_STATUSES, taskCanMove, taskRetry, type TaskStatus } from "./task_model.ts";
import type { ListRequest, RetryRequest, TaskCounts, TaskPage } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

const PAGE = 500;
const BLOCK_PAGE = 50;

interface Family {
  prefix: Deno.KvKey;
  /** True if an entry holds many tasks. */
  blocks: boolean;
  /** The tasks of one entry. */
  tasks: (entry: Deno.KvEntry<Uint8Array>) => Task[];
}

/** Where the records of a state are, in the order of the list. */
function families(status: TaskStatus): Family[] {
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
  const all = (request.status === undefined ? TASK_STATUSES : [request.status]).flatMap(families);
  const from = request.cursor === undefined ? undefined : decodeCursor(request.cursor, all);
  const tasks: Task[] = [];
  let cursor: Cursor | undefined;
  for (let family = from?.family ?? 0; family < all.length; family++) {
    const { prefix, blocks, tasks: tasksOf } = all[family]!;
    let start = family === from?.family ? from.key : undefined;
    while (true) {
      // One more than fits tells whether another page follows; the first is what the page before has ended in. Blocks
      // hold many tasks each: few are read at once, so that a page costs what it shows.
      const page = Math.min(blocks ? BLOCK_PAGE : PAGE, limit - tasks.length + 2);
      const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, page);
      for (const entry of entries) {
        const seen = start !== undefined && sameKey(entry.key, start);
        // The page before may have ended within this block, at the task of the cursor.
        const done = seen ? (sameKey(entry.key, from?.key) && cursor === undefined ? from!.seq : Infinity) : -Infinity;
        for (const task of tasksOf(entry)) {
          if (task.seq <= done) continue;
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

/** Lets settled tasks wait again. */
export async function retryTasks(store: KvStore, request: RetryRequest): Promise<number> {
  let total = 0;
  const move = async (records: readonly RestingRecord[]) => {
    const items = records.map(({ entry, tasks }) => retryStep(entry, tasks.filter((task) => isMeant(task, request))))
      .filter(({ ready }) => ready.length > 0);
    const commit = async (chunk: typeof items) => {
      const step = joinSteps(chunk.map((item) => item.step));
      const ready = chunk.flatMap((item) => item.ready);
      placeReady(step, ready);
      if (!(await store.commit(step)).ok) return false;
      total += ready.length;
      return true;
    };
    for (const chunk of store.chunks(items)) {
      // A lost race means that somebody else moved some of them: the rest goes one by one.
      if (!await commit(chunk)) { for (const item of chunk) await commit([item]); }
    }
  };
  if (request.ids !== undefined) {
    for (const id of request.ids) {
      if (request.signal?.aborted) break;
      const located = await findTask(store, id);
      if (located !== undefined) await move([{ entry: located.entry, tasks: [located.task] }]);
    }
    return total;
  }
  const { status = "failed" } = request;
  const prefix = taskKeys.restingAll(status);
  let start: Deno.KvKey | undefined;
  while (true) {
    const entries = await store.list<Uint8Array>(start === undefined ? { prefix } : { prefix, start }, PAGE);
    await move(entries.map((entry) => ({ entry, tasks: decodeBlock(entry.value).map(parseTask) })));
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE || request.signal?.aborted) return total;
    start = taskKeys.resting(status, (last.key[2] as number) + 1);
  }
}

/** A record of tasks that rest: of one, or of a block of finished ones. */
interface RestingRecord {
  entry: Deno.KvEntry<Uint8Array>;
  tasks: Task[];
}

/** Takes tasks out of their record, to be placed among those that wait. */
function retryStep(entry: Deno.KvEntry<Uint8Array>, tasks: readonly Task[]): { step: KvStep; ready: TaskText[] } {
  const step = emptyStep();
  if (tasks.length > 0) takeTasks(step, entry, new Set(tasks.map(({ seq }) => seq)));
  const ready = tasks.map((task) => {
    count(step, task.status, -1);
    count(step, "waiting", 1);
    const text = taskText(taskRetry(task));
    step.bytes += textBytes(text.text);
    return text;
  });
  return { step, ready };
}

function isMeant(task: Task, { retryableOnly = false, status, finishedBefore = Infinity }: RetryRequest): boolean {
  if (!taskCanMove(task.status, "retry-by-user") || (status !== undefined && task.status !== status)) return false;
  return (!retryableOnly || task.error?.retryable === true) && (task.finishedAt ?? 0) < finishedBefore;
}

function sameKey(a: Deno.KvKey, b: Deno.KvKey | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((part, i) => part === b[i]);
}

function encodeCursor({ family, key, seq }: Cursor): string {
  return btoa(encodeURIComponent(JSON.stringify([family, seq, ...key])));
}

function decodeCursor(cursor: string, all: readonly Family[]): Cursor {
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
