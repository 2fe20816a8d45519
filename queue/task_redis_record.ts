import { parseTask, taskText } from "./task_codec.ts";
import { draftMark } from "./task_draft.ts";
import { claimedTask } from "./claimed_task.ts";
import type { ClaimedTask, Task, TaskStatus } from "./task_model.ts";
import { urlHost } from "./url_host.ts";

/** A host with a longer name is treated as none: no server has it. */
const LONGEST_HOST = 255;
const HIGHEST = 2n ** 53n - 1n;
const RANK_DIGITS = 14;

const LETTERS: Readonly<Record<TaskStatus, string>> = {
  waiting: "w",
  running: "r",
  paused: "p",
  done: "d",
  failed: "f",
  canceled: "c",
};

/** The letter that stands for a state in Redis. */
export function statusLetter(status: TaskStatus): string {
  return LETTERS[status];
}

/** A task as it stands in Redis, with what a writer must show to change it. */
export interface RedisRecord {
  task: Task;
  /** The latest claim of it, ended or not. */
  fence: string;
  /** What it begins with: a record that was written since begins with something else. */
  token: string;
}

/**
 * Reads a record.
 *
 * @throws {BrokenRecordError} If it is none.
 */
export function decodeRecord(value: string): RedisRecord {
  const [rev, letter, fence, owner, core] = value.split("\t", 5) as [string, string, string, string, string];
  const text = value.slice(textStart(value));
  const stored = parseTask(text);
  const task = letter === LETTERS.running ? running(stored, owner, core) : stored;
  return { task, fence, token: `${rev}\t${letter}\t${fence}\t` };
}

function running(task: Task, owner: string, core: string): Task {
  const { fence: _, ...claimed } = claimedTask(task, decodeURIComponent(owner), Number(core), "");
  return claimed;
}

function textStart(value: string): number {
  let at = 0;
  for (let i = 0; i < 9; i++) at = value.indexOf("\t", at) + 1;
  return at;
}

/** A task as a claim hands it out. */
export function claimedRecord(text: string, owner: string, core: number, fence: string): ClaimedTask {
  return claimedTask(parseTask(text), owner, core, fence);
}

/**
 * The record of a task without its `rev`; see `task_redis_prelude.ts`.
 *
 * @param task The task.
 * @param fence The latest claim of it.
 */
export function encodeRecord(task: Task, fence: string): string {
  const { status, owner, core, id, seq, priority, url, notBefore } = task;
  const isRunning = status === "running";
  const who = isRunning ? `${encodeURIComponent(owner!)}\t${core}` : "\t";
  const flag = id === `t${seq}` ? "" : "1";
  const time = status === "waiting" ? notBefore ?? "" : "";
  // Settled tasks are most of a list: they keep no more than they need.
  const settled = status === "done" || status === "failed" || status === "canceled";
  const rank = settled ? "" : redisRank(priority);
  const host = settled ? "" : redisHost(url);
  return `${LETTERS[status]}\t${fence}\t${who}\t${rank}\t${time}\t${flag}\t${host}\t${textOf(task)}`;
}

/** The text of a task. A running one stands there as it waited: its claim is in front of it. */
function textOf(task: Task): string {
  if (task.status !== "running") return taskText(task).text;
  const { owner: _, ...waiting } = task;
  return taskText({ ...waiting, status: "waiting" }).text;
}

/** A priority, so that higher ones come first in the order of texts; empty for the usual one. */
export function redisRank(priority: number): string {
  return priority === 0 ? "" : (HIGHEST - BigInt(priority)).toString(16).padStart(RANK_DIGITS, "0");
}

/** The host of a url behind the digit of its shard; `0` for none. */
export function redisHost(url: string): string {
  const { host, shard } = urlHost(url);
  return host === "" || host.length > LONGEST_HOST ? "0" : shard.toString(16) + host;
}

/** A text as a field of a hash: those that have no bytes of their own stand there in JSON. */
export function redisField(text: string): string {
  return text.isWellFormed() ? text : JSON.stringify(text);
}

/** The mark of what a draft asks for, as it stands behind a number at a path; empty if it asks for nothing. */
export function redisMark(draft: Parameters<typeof draftMark>[0]): string {
  const mark = draftMark(draft);
  return mark === undefined ? "" : `~${mark}`;
}
