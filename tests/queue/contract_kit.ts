import { assertEquals } from "@std/assert";
import type { Clock } from "../../base/clock.ts";
import {
  type ClaimedTask,
  type Task,
  TASK_STATUSES,
  type TaskError,
  type TaskOutcome,
  type TaskStatus,
} from "../../queue/task_model.ts";
import type {
  ControlRequest,
  OwnerInfo,
  Settlement,
  TaskCounts,
  TaskDraft,
  TaskSharedList,
} from "../../queue/task_shared_list.ts";

/** Opens a list that is new and empty; disposing of it removes what it stored. */
export type OpenList = (options?: { clock?: Clock }) => Promise<TaskSharedList>;

/** A clock that stands until it is moved. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
}

/** A clock that stands until it is moved. */
export function fakeClock(time = 1_700_000_000_000): FakeClock {
  return { now: () => time, advance: (ms) => time += ms };
}

/** The draft number `n`; ten hosts take turns unless `more` has a url. */
export function draft(n: number, more: Partial<TaskDraft> = {}): TaskDraft {
  return { url: `http://host${n % 10}.example/files/${n}`, out: `files/${n}`, ...more };
}

/** Many drafts, numbered from `first`. */
export function drafts(count: number, more: Partial<TaskDraft> = {}, first = 0): TaskDraft[] {
  return Array.from({ length: count }, (_, i) => draft(first + i, more));
}

/** An owner with this name. */
export function ownerInfo(owner: string): OwnerInfo {
  return { owner, host: "here", bootId: "boot", pid: 4711, startTime: "1", cores: [1, 2] };
}

/** Registers an owner and claims for it. */
export async function claimAs(list: TaskSharedList, owner: string, limit = 1000, core = 1): Promise<ClaimedTask[]> {
  await list.register(ownerInfo(owner));
  return await list.claim({ owner, core, limit });
}

/** A failure. */
export function taskError(more: Partial<TaskError> = {}): TaskError {
  return { kind: "http", message: "The server said 500", status: 500, retryable: true, at: 1, ...more };
}

/** The outcome of a finished download. */
export const DONE: TaskOutcome = {
  type: "done",
  startedAt: 5,
  facts: { bytes: 10, finalUrl: "http://final.example/", etag: '"x"', lastModified: "Thu, 01 Jan 1970 00:00:00 GMT" },
};

/** The same outcome for each of some tasks. */
export function settlements(tasks: readonly ClaimedTask[], outcome: TaskOutcome = DONE): Settlement[] {
  return tasks.map((task) => ({ task, outcome }));
}

/** Settles tasks in the same way, and says how each ended. */
export async function settleAll(
  list: TaskSharedList,
  tasks: readonly ClaimedTask[],
  outcome: TaskOutcome = DONE,
): Promise<("settled" | "stale")[]> {
  return (await list.settle(settlements(tasks, outcome))).map((result) => result.type);
}

/** Reads the whole list in pages, checking that only the last one has no cursor. */
export async function listAll(list: TaskSharedList, status?: TaskStatus, limit = 100): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | undefined;
  do {
    const page = await list.list({
      limit,
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (page.cursor !== undefined) assertEquals(page.tasks.length, limit, "a page before the last one is full");
    tasks.push(...page.tasks);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return tasks;
}

/** The counters of an empty list, with exceptions. */
export function countsOf(more: Partial<TaskCounts>): TaskCounts {
  return { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, canceled: 0, ...more };
}

/** Asserts that the counters say what the list shows, and returns what it shows. */
export async function assertCountsMatch(list: TaskSharedList): Promise<Task[]> {
  const counts = await list.counts();
  const all = await listAll(list);
  const shown = countsOf({});
  for (const task of all) shown[task.status]++;
  assertEquals(counts, shown);
  for (const status of TASK_STATUSES) assertEquals((await listAll(list, status)).length, counts[status], status);
  assertEquals(new Set(all.map((task) => task.id)).size, all.length, "no task is shown twice");
  return all;
}

/** The ids of some tasks. */
export function idsOf(tasks: readonly { id: string }[]): string[] {
  return tasks.map((task) => task.id);
}

/** Which settled tasks are to be tried again. */
export interface RetryWish extends Pick<ControlRequest, "ids" | "signal"> {
  status?: TaskStatus;
  retryableOnly?: boolean;
  finishedBefore?: number;
}

/** Lets settled tasks wait again, and says how many. */
export async function retry(
  list: TaskSharedList,
  { ids, signal, status, retryableOnly = false, finishedBefore }: RetryWish,
): Promise<number> {
  const state = status ?? (ids === undefined ? "failed" : undefined);
  const { touched } = await list.control({
    verb: "retry",
    filter: {
      ...(state === undefined ? {} : { status: [state] }),
      ...(retryableOnly ? { retryable: true } : {}),
      ...(finishedBefore === undefined ? {} : { finishedBefore }),
    },
    ...(ids === undefined ? {} : { ids }),
    ...(signal === undefined ? {} : { signal }),
  });
  return touched;
}
