/**
 * Drafts: which can never be stored, the tasks that they become, and what they change of tasks that are known.
 *
 * @module
 */
import { textDigest } from "../base/text_digest.ts";
import { type Task, taskAssignedNumber, type TaskStatus } from "./task_model.ts";
import { copyKept, KEPT_FIELDS, type KeptField, type KeptRequest, type NoField } from "./task_request.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";

/** How long the parts of a draft may be, in bytes. */
export interface DraftLimits {
  /** A path or an id. */
  keyBytes: number;
  /** The whole task. */
  valueBytes: number;
}

/** The highest number that an id of the form `t1` may name, far above any real list. */
export const MAX_WISH = 9e14;
/** What a task's record has beyond its draft, at the most. */
const RECORD_BYTES = 1024;
const MARK_LENGTH = 10;
/** So many kept fields there were when marks came: a mark goes by these, absent or not. */
const FIRST_FIELDS = 6;
/** A task that is done or canceled stays what it was. */
const CHANGEABLE: readonly TaskStatus[] = ["waiting", "running", "paused", "failed"];
const encoder = new TextEncoder();

/** What is treated here beside what is kept: it makes the task, and of it only the priority may change. */
type Treated = "id" | "url" | "out" | "fallbackOut" | "named" | "priority" | "notBefore" | "source";
type _NoFieldIsLost = NoField<Exclude<keyof TaskDraft, KeptField | Treated>>;

/** The task that a draft becomes. */
export function makeTask(draft: TaskDraft, out: string, seq: number, now: number): Task {
  const { id = `t${seq}`, url, named, priority = 0, notBefore, source } = draft;
  const task: Task = { id, seq, url, out, priority, status: "waiting", attempts: 0, crashes: 0, addedAt: now };
  if (named === true) task.named = named;
  copyKept(draft, task);
  if (notBefore !== undefined) task.notBefore = notBefore;
  if (source !== undefined) task.source = source;
  return task;
}

/** A task as a draft of it says now; its path stays. */
export function taskWithDraft(task: Task, draft: TaskDraft): Task {
  const changed: Task = { ...task, priority: draft.priority ?? 0 };
  for (const field of KEPT_FIELDS) delete changed[field];
  copyKept(draft, changed);
  return changed;
}

/** True if a draft may change this task. */
export function isChangeable({ status, vanished }: Task): boolean {
  // What vanished from its file is about to return.
  return CHANGEABLE.includes(status) || vanished === true;
}

/**
 * Stands for all that an entry can change of a task; nothing for a task that is asked for with nothing but its url. Lists on
 * disk have such marks: a field that is new counts only where it is there.
 */
export function draftMark(draft: KeptRequest & Pick<TaskDraft, "priority">): string | undefined {
  const { priority = 0 } = draft;
  let length = 0;
  for (let i = 0; i < KEPT_FIELDS.length; i++) if (draft[KEPT_FIELDS[i]!] !== undefined) length = i + 1;
  if (priority === 0 && length === 0) return undefined;
  const fields = KEPT_FIELDS.slice(0, Math.max(length, FIRST_FIELDS)).map((field) => draft[field]);
  return textDigest(JSON.stringify([priority, ...fields]), "base64").slice(0, MARK_LENGTH);
}

/** The answer to a draft that can never be stored, or undefined. */
export function draftRefusal(draft: TaskDraft, limits: DraftLimits): AddResult | undefined {
  const refuse = (field: string, reason: string): AddResult => ({ type: "refused", field, reason });
  const { priority, notBefore, size: wanted } = draft;
  if (priority !== undefined && !Number.isSafeInteger(priority)) {
    return refuse("priority", `must be a safe integer: current value is ${priority}`);
  }
  if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 0)) {
    return refuse("size", `must be a safe integer of at least 0: current value is ${wanted}`);
  }
  if (notBefore !== undefined && !Number.isFinite(notBefore)) {
    return refuse("notBefore", `must be a finite number: current value is ${notBefore}`);
  }
  for (const field of ["out", "fallbackOut", "id"] as const) {
    const value = draft[field];
    const size = typeof value === "string" ? keyBytes(value) : 0;
    if (size > limits.keyBytes) {
      return refuse(field, `must be at most ${limits.keyBytes} bytes: current value has ${size}`);
    }
  }
  if (draft.id !== undefined && (taskAssignedNumber(draft.id) ?? 0) > MAX_WISH) {
    return refuse("id", `must be at most t${MAX_WISH} if it has this form: current value is ${draft.id}`);
  }
  if (isShort(draft, limits.valueBytes)) return undefined;
  const size = byteLength(JSON.stringify(draft)) + RECORD_BYTES;
  if (size > limits.valueBytes) {
    const field = byteLength(draft.url) > size / 2 ? "url" : "headers";
    return refuse(field, `must leave the whole task below ${limits.valueBytes} bytes: current value makes it ${size}`);
  }
  return undefined;
}

/** True if it is plain at a glance that the record is not too long: in JSON, a character has six bytes at the most. */
function isShort(draft: TaskDraft, valueBytes: number): boolean {
  const { url, out, id = "" } = draft;
  let length = url.length + out.length + id.length;
  for (const field of KEPT_FIELDS) {
    const value = draft[field];
    if (typeof value === "object") return false;
    if (typeof value === "string") length += value.length;
  }
  return 6 * length + RECORD_BYTES <= valueBytes;
}

/** A key writes a zero byte as two. */
function keyBytes(text: string): number {
  return text.length * 3 < 1024 ? text.length : byteLength(text.replaceAll("\0", "\0\0"));
}

function byteLength(text: string): number {
  return text.length < 512 ? text.length * 3 : encoder.encode(text).length;
}
