import { BrokenRecordError } from "./broken_record_error.ts";
import { type Task, TASK_STATUSES } from "./task_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/** Stands for what has a fixed place in the text. */
const PLACED = Symbol("placed");
/** What is not written: what has its place, and what most tasks have in common. */
const USUAL: Readonly<Record<string, unknown>> = {
  ...{ seq: PLACED, url: PLACED, out: PLACED, addedAt: PLACED },
  ...{ priority: 0, status: "waiting", attempts: 0, crashes: 0 },
};
const STATUSES: ReadonlySet<string> = new Set(TASK_STATUSES);
/** Stands for a final url that is the url. */
const SAME = 0;

/** A task with its text. */
export interface TaskText {
  task: Task;
  text: string;
}

/**
 * A task and the text that stands for it: `[seq,url,out,addedAt,rest]` in JSON on one line, where `rest` has only what
 * other tasks do not have. A short text costs little to store, and anyone can read it.
 */
export function taskText(task: Task): TaskText {
  return { task, text: encodeTask(task) };
}

/**
 * The task that a text stands for.
 *
 * @throws {BrokenRecordError} If it stands for none.
 */
export function parseTask(text: string): Task {
  // By index: taking an array apart by a pattern costs as much as the parsing.
  const parts = parseParts(text);
  const seq: number = parts[0];
  const task: Task = {
    id: `t${seq}`,
    seq,
    url: parts[1],
    out: parts[2],
    priority: 0,
    status: "waiting",
    attempts: 0,
    crashes: 0,
    addedAt: parts[3],
  };
  const rest = parts[4];
  if (rest === undefined) return task;
  if (rest.finalUrl === SAME) rest.finalUrl = task.url;
  Object.assign(task, rest);
  if (!STATUSES.has(task.status) || typeof task.id !== "string") throw new BrokenRecordError();
  return task;
}

// deno-lint-ignore no-explicit-any -- what it is, is looked at here
function parseParts(text: string): any {
  let parts;
  try {
    parts = JSON.parse(text);
  } catch (cause) {
    throw new BrokenRecordError({ cause });
  }
  const rest = parts?.[4];
  const fine = Array.isArray(parts) && typeof parts[0] === "number" && typeof parts[1] === "string" &&
    typeof parts[2] === "string" && typeof parts[3] === "number" &&
    (rest === undefined || (typeof rest === "object" && rest !== null));
  if (!fine) throw new BrokenRecordError();
  return parts;
}

/** True if a text is that of the task with this number. */
export function isTextOf(text: string, seq: number): boolean {
  return text.startsWith(`[${seq},`);
}

/**
 * The number of the task that a text stands for.
 *
 * @throws {BrokenRecordError} If it has none.
 */
export function textSeq(text: string): number {
  const seq = Number(text.slice(1, text.indexOf(",")));
  if (Number.isNaN(seq)) throw new BrokenRecordError();
  return seq;
}

/** A task from the bytes of its record. */
export function decodeTask(bytes: Uint8Array): Task {
  if (!(bytes instanceof Uint8Array)) throw new BrokenRecordError();
  return parseTask(decoder.decode(bytes));
}

/** The bytes that a text adds to a block. */
export function textBytes(text: string): number {
  return (ASCII.test(text) ? text.length : encoder.encode(text).length) + 1;
}

function encodeTask(task: Task): string {
  const { seq, url, out, addedAt } = task;
  const head = `[${seq},${JSON.stringify(url)},${JSON.stringify(out)},${addedAt}`;
  let rest = "";
  // Every task is written twice or more: no array of entries, and no object for the rest.
  for (const key in task) {
    const value = task[key as keyof Task];
    const usual = USUAL[key];
    if (usual === PLACED || usual === value || (key === "id" && value === `t${seq}`)) continue;
    const written = key === "finalUrl" && value === url ? SAME : value;
    rest += `${rest === "" ? "" : ","}"${key}":${JSON.stringify(written)}`;
  }
  return rest === "" ? `${head}]` : `${head},{${rest}}]`;
}
