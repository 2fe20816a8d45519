import type { Task } from "./task_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/** What most tasks have in common, and what is therefore not written. */
const COMMON: Readonly<Partial<Task>> = { priority: 0, status: "waiting", attempts: 0, crashes: 0 };
/** What stands at fixed places. */
const PLACED: ReadonlySet<string> = new Set(["seq", "url", "out", "addedAt"]);
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

/** The task that a text stands for. */
export function parseTask(text: string): Task {
  const [seq, url, out, addedAt, rest] = JSON.parse(text);
  const task = { id: `t${seq}`, seq, url, out, ...COMMON, addedAt, ...rest };
  if (task.finalUrl === SAME) task.finalUrl = url;
  return task;
}

/** True if a text is that of the task with this number. */
export function isTextOf(text: string, seq: number): boolean {
  return text.startsWith(`[${seq},`);
}

/** The number of the task that a text stands for. */
export function textSeq(text: string): number {
  return Number(text.slice(1, text.indexOf(",")));
}

/** A task from the bytes of its record. */
export function decodeTask(bytes: Uint8Array): Task {
  return parseTask(decoder.decode(bytes));
}

/** The bytes that a text adds to a block. */
export function textBytes(text: string): number {
  return (ASCII.test(text) ? text.length : encoder.encode(text).length) + 1;
}

function encodeTask(task: Task): string {
  const { seq, url, out, addedAt } = task;
  const head = `[${seq},${JSON.stringify(url)},${JSON.stringify(out)},${addedAt}`;
  const rest: Record<string, unknown> = {};
  let plain = true;
  for (const [key, value] of Object.entries(task)) {
    if (PLACED.has(key) || value === COMMON[key as keyof Task] || (key === "id" && value === `t${seq}`)) continue;
    rest[key] = key === "finalUrl" && value === url ? SAME : value;
    plain = false;
  }
  return plain ? `${head}]` : `${head},${JSON.stringify(rest)}]`;
}
