/**
 * What a task is, and which moves it may make.
 *
 * A task waits until an owner claims it, and runs until that owner settles it. A failure worth another try goes back to
 * waiting with a `notBefore`; any other failure, and the last of the tries, is `failed`. A claim that was never started
 * is released, or deferred if its host wants to be left alone for a while, and one whose owner died is reclaimed: none of
 * these counts as an attempt, but five crashes in a row fail the task, so that a file which kills its worker cannot kill it
 * for ever. Crashes are counted from the last one on after which more of the file was there. Only the user moves a settled
 * task again, or pauses, cancels and removes one in any other state.
 *
 * @module
 */

import { type TaskAttempt, type TaskError, withFailure } from "./task_error.ts";
import { type TaskUserMove, withMove } from "./task_user_move.ts";
import { KEPT_FIELDS, type NoField, type TaskRequest } from "./task_request.ts";

export type { SpaceWish, TaskAttempt, TaskError, TaskErrorKind } from "./task_error.ts";
export type { TaskUserMove } from "./task_user_move.ts";

/** The state of a task. */
export type TaskStatus = "waiting" | "running" | "paused" | "done" | "failed" | "canceled";

/** Every state, in the order in which lists show them. */
export const TASK_STATUSES: readonly TaskStatus[] = ["running", "waiting", "paused", "failed", "canceled", "done"];

/** One file to fetch, as it was asked for. Optional fields are absent, not `undefined`, when they do not apply. */
export interface Task extends TaskRequest {
  /** Names the task; given by the user, or `t` and the sequence number. */
  id: string;
  /** The place in the order of arrival. */
  seq: number;
  /** Where the file goes, relative to the download folder; reserved for this task alone. */
  out: string;
  /** The path that it had before an answer named it: that stays its own too. */
  firstOut?: string;
  /** True if `out` is settled: the user asked for it, or an answer gave it. Absent: an answer may still name the file. */
  named?: boolean;
  /** Higher goes first. */
  priority: number;
  /** The state. */
  status: TaskStatus;
  /** The core that runs it, or ran it last. */
  core?: number;
  /** The owner that runs it. */
  owner?: string;
  /** Attempts that ended, in success or failure. */
  attempts: number;
  /** Owners or workers that died in a row while they ran it, since it has moved on last. */
  crashes: number;
  /** So many bytes of the file were there when it has moved on last after a crash. */
  reached?: number;
  /** The claim of the last crash of which it is not certain that its owner died. */
  doubted?: string;
  /** Claimed, and certainly not begun: it waits until another suspect has ended, and is to blame for no death. */
  idle?: true;
  /** True if an attempt began and was stopped: something of its file may be there. */
  begun?: true;
  /** The earliest time of the next attempt, in milliseconds since the epoch. */
  notBefore?: number;
  /** Why the latest attempt failed. */
  error?: TaskError;
  /** Attempts that failed, the oldest first: the first one, and the last of the others. */
  history?: readonly TaskAttempt[];
  /** What users did to it, the oldest first: the first time, and the last of the others. Absent: nothing. */
  moves?: readonly TaskUserMove[];
  /** Stands for the task file that it is from; see {@linkcode taskSource}. */
  source?: string;
  /** True if it is canceled because its task file does not ask for it any more. */
  vanished?: true;
  /** When it was added, in milliseconds since the epoch. */
  addedAt: number;
  /** When the latest attempt started. */
  startedAt?: number;
  /** When it was settled. */
  finishedAt?: number;
  /** The url that answered in the end, after redirects. */
  finalUrl?: string;
  /** The size of the finished file. */
  bytes?: number;
  /** The ETag of the finished file. */
  etag?: string;
  /** The Last-Modified date of the finished file. */
  lastModified?: string;
}

/** A running task with the proof of its claim. */
export interface ClaimedTask extends Task {
  /** Always running. */
  status: "running";
  /** The core that runs it. */
  core: number;
  /** The owner that runs it. */
  owner: string;
  /** Ordered, and new with every claim: whoever settles must show it. */
  fence: string;
}

/** What is known of a finished file. */
export interface TaskDoneFacts {
  /** Its size in bytes. */
  bytes: number;
  /** The url that answered in the end. */
  finalUrl: string;
  /** Its ETag. */
  etag?: string;
  /** Its Last-Modified date. */
  lastModified?: string;
}

/** How a claim ends. */
export type TaskOutcome =
  /**
   * `unchanged`: the server was asked, and has nothing newer than the file that is there; `originalName`: the name that the
   * file has at its server, which could not be its name here; `contentEncoding`: that of the answer, if the bytes were stored as
   * they were sent; `continuedAt`: how many bytes an earlier download had left that were kept.
   */
  | {
    type: "done";
    startedAt: number;
    facts: TaskDoneFacts;
    unchanged?: true;
    originalName?: string;
    contentEncoding?: string;
    continuedAt?: number;
  }
  | { type: "failed"; startedAt: number; error: TaskError }
  | { type: "retry"; startedAt: number; error: TaskError; notBefore: number }
  /** `begun`: an attempt had begun. */
  | { type: "released"; begun?: true }
  | { type: "deferred"; notBefore: number; error?: TaskError }
  /** `doubted`: the claim, if it is not certain that its owner died. */
  | { type: "crashed"; doubted?: string };

/** A move that a task can make. */
export type TaskMove = "claim" | TaskOutcome["type"] | TaskControl;

/** What a user can do to tasks; `vanish` and `return`: by taking their entries out of a task file, or putting them back. */
export type TaskControl = "pause" | "resume" | "cancel" | "again" | "prioritize" | "remove" | "vanish" | "return";

/** The legal moves: which states they start from. A move that is not here does not exist. */
export const TASK_MOVES: Readonly<Record<TaskMove, readonly TaskStatus[]>> = {
  claim: ["waiting"],
  done: ["running"],
  failed: ["running"],
  retry: ["running"],
  released: ["running"],
  deferred: ["running"],
  crashed: ["running"],
  pause: ["waiting", "running"],
  resume: ["paused"],
  cancel: ["waiting", "running", "paused"],
  again: ["failed", "canceled", "done"],
  prioritize: ["waiting", "running", "paused", "failed"],
  remove: ["waiting", "running", "paused", "failed", "canceled", "done"],
  vanish: ["waiting", "paused"],
  return: ["canceled"],
};

/** How many owners in a row may die over a task before it is failed. */
export const MAX_CRASHES = 5;

/**
 * Says whether a task may make a move.
 *
 * @param status The state that it is in.
 * @param move The move.
 * @returns True if the table allows it.
 */
export function taskCanMove(status: TaskStatus, move: TaskMove): boolean {
  return TASK_MOVES[move].includes(status);
}

function assertMove(task: Task, move: TaskMove): void {
  if (!taskCanMove(task.status, move)) {
    throw new TypeError(
      `Cannot ${move} task "${task.id}" as it must be ${
        TASK_MOVES[move].join(" or ")
      }: current value is ${task.status}`,
    );
  }
}

function finite(task: Task, notBefore: number, move: string): number {
  if (Number.isFinite(notBefore)) return notBefore;
  throw new RangeError(
    `Cannot ${move} task "${task.id}" as notBefore must be a finite number: current value is ${notBefore}`,
  );
}

/** What a task is asked for with, and what users did to it: it stays as it is through all claims. */
const REQUEST_FIELDS = ["firstOut", "named", ...KEPT_FIELDS, "source", "core", "moves"] as const;
/** What is known of the attempts so far. */
const ATTEMPT_FIELDS = [
  "begun",
  "reached",
  "doubted",
  "history",
  "startedAt",
  "finishedAt",
  "error",
  "finalUrl",
  "bytes",
  "etag",
  "lastModified",
] as const;

/** What every task has, and what no task keeps when its state changes. */
type OtherField =
  | ("id" | "seq" | "url" | "out" | "priority" | "attempts" | "crashes" | "addedAt")
  | ("status" | "owner" | "notBefore" | "vanished" | "idle");
type ListedField = typeof REQUEST_FIELDS[number] | typeof ATTEMPT_FIELDS[number] | OtherField;
/** A field of a task that is in none of the lists would get lost. */
type _NoFieldIsLost = NoField<Exclude<keyof Task, ListedField>>;

/**
 * A task in another state, without its owner and its time. Fields are copied one by one: taking some out of an object
 * costs several times more, and every task comes by here.
 */
function taskIn(status: TaskStatus, task: Task, fields: readonly (keyof Task)[]): Task {
  const { id, seq, url, out, priority, attempts, crashes, addedAt } = task;
  const copy: Task = { id, seq, url, out, priority, status, attempts, crashes, addedAt };
  for (const field of fields) {
    const value = task[field];
    if (value !== undefined) (copy as unknown as Record<string, unknown>)[field] = value;
  }
  return copy;
}

const UNDONE_FIELDS = [...REQUEST_FIELDS, ...ATTEMPT_FIELDS];

/** The same task, claimed by an owner for one of its cores. */
export function taskClaim(task: Task, owner: string, core: number): Task {
  assertMove(task, "claim");
  const claimed: Task = { ...task, status: "running", owner, core };
  if (claimed.notBefore !== undefined) delete claimed.notBefore;
  return claimed;
}

/**
 * The same task after its claim ended.
 *
 * @param task The running task.
 * @param outcome How the claim ended.
 * @param now Milliseconds since the epoch.
 * @returns The task in its next state.
 * @throws {TypeError} If the task is not running.
 * @throws {RangeError} If the next attempt has no time that ever comes.
 */
export function taskSettle(task: Task, outcome: TaskOutcome, now: number): Task {
  assertMove(task, outcome.type);
  switch (outcome.type) {
    case "done": {
      // What was known of an older file must not pass for a fact about this one.
      const done = taskIn("done", task, REQUEST_FIELDS);
      done.attempts++;
      done.crashes = 0;
      done.startedAt = outcome.startedAt;
      done.finishedAt = now;
      if (task.history !== undefined) done.history = task.history;
      return Object.assign(done, outcome.facts);
    }
    case "failed":
    case "retry": {
      const failed = taskIn(outcome.type === "failed" ? "failed" : "waiting", task, UNDONE_FIELDS);
      failed.attempts++;
      failed.crashes = 0;
      delete failed.reached;
      delete failed.doubted;
      failed.startedAt = outcome.startedAt;
      failed.error = outcome.error;
      if (outcome.type === "failed") failed.finishedAt = now;
      else failed.notBefore = finite(task, outcome.notBefore, "retry");
      failed.history = withFailure(task.history, outcome.error, task.core, failed.notBefore, outcome.startedAt);
      return failed;
    }
    case "released": {
      const released = taskIn("waiting", task, UNDONE_FIELDS);
      if (outcome.begun) released.begun = true;
      return released;
    }
    case "deferred": {
      const deferred = taskIn("waiting", task, UNDONE_FIELDS);
      deferred.notBefore = finite(task, outcome.notBefore, "defer");
      if (outcome.error !== undefined) deferred.error = outcome.error;
      return deferred;
    }
    case "crashed": {
      const crashes = task.crashes + 1;
      const again = crashes < MAX_CRASHES;
      const crashed = taskIn(again ? "waiting" : "failed", task, UNDONE_FIELDS);
      crashed.crashes = crashes;
      if (outcome.doubted !== undefined) crashed.doubted = outcome.doubted;
      const message = `The owner of this task died ${crashes} times in a row while running it`;
      crashed.error = { kind: "crash", message, retryable: again, at: now };
      if (!again) crashed.finishedAt = now;
      crashed.history = withFailure(task.history, crashed.error, task.core, again ? now : undefined);
      return crashed;
    }
  }
}

/**
 * The number in an id of the form that the list itself gives: `t` and the sequence number.
 *
 * @param id Any id.
 * @returns The number, or undefined if the list would never give such an id.
 */
export function taskAssignedNumber(id: string): number | undefined {
  const match = /^t([1-9]\d{0,14})$/.exec(id);
  return match === null ? undefined : Number(match[1]);
}

/**
 * The same task after the user moved it.
 *
 * @param task The task.
 * @param control What the user did; removing leaves no task.
 * @param now Milliseconds since the epoch.
 * @param priority The new priority, for `prioritize`.
 * @returns The task in its next state.
 * @throws {TypeError} If there is no such move from its state.
 */
export function taskControl(
  task: Task,
  control: Exclude<TaskControl, "remove">,
  now: number,
  priority: number = task.priority,
): Task {
  assertMove(task, control);
  switch (control) {
    case "vanish": {
      const vanished: Task = { ...taskIn("canceled", task, UNDONE_FIELDS), finishedAt: now, vanished: true };
      if (task.notBefore !== undefined) vanished.notBefore = task.notBefore;
      return vanished;
    }
    case "return": {
      const { finishedAt: _finished, vanished: _vanished, ...rest } = task;
      return { ...rest, status: "waiting" };
    }
    case "again": {
      const { finishedAt: _finished, notBefore: _notBefore, error: _error, vanished: _vanished, ...rest } = task;
      delete rest.reached;
      delete rest.doubted;
      return { ...rest, status: "waiting", attempts: 0, crashes: 0 };
    }
    case "prioritize":
      return { ...task, priority, moves: withMove(task.moves, { at: now, move: control, ...ran(task), priority }) };
    case "pause":
    case "resume":
    case "cancel": {
      const status = control === "pause" ? "paused" : control === "resume" ? "waiting" : "canceled";
      const moved = taskIn(status, task, UNDONE_FIELDS);
      moved.moves = withMove(task.moves, { at: now, move: control, ...ran(task) });
      if (task.status === "running") moved.begun = true;
      if (control === "cancel") moved.finishedAt = now;
      // A time that has come is forgotten; one that is to come is still the user's or the policy's wish.
      else if (task.notBefore !== undefined && task.notBefore > now) moved.notBefore = task.notBefore;
      return moved;
    }
  }
}

function ran({ status }: Task): { ran?: true } {
  return status === "running" ? { ran: true } : {};
}

/** A task as it is, but asked for as another record of it says: its path, its priority, and how to fetch it. */
export function taskWithRequest(task: Task, { out, priority, ...wanted }: Task): Task {
  const mixed: Task = { ...task, out, priority };
  const fields = mixed as unknown as Record<string, unknown>;
  for (const field of REQUEST_FIELDS) {
    if (field === "core") continue;
    if (wanted[field] === undefined) delete fields[field];
    else fields[field] = wanted[field];
  }
  return mixed;
}

/** The host and port that a url names, or an empty string; tasks of one host stay together. */
export function taskHost(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}
