import { type TaskText, taskText, textBytes } from "./task_codec.ts";
import { type Task, taskSettle } from "./task_model.ts";
import type { Settlement } from "./task_shared_list.ts";

/**
 * The record that a settlement leads to.
 *
 * @param settlement The task as it was claimed, and how it ended.
 * @param now Milliseconds since the epoch.
 * @param valueBytes How long a record may be: one that outgrew it could never be settled, and would run for ever, so what
 * can be spared is left out of it.
 * @throws {TypeError} If there is no such move.
 */
export function settledText({ task, outcome }: Settlement, now: number, valueBytes: number): TaskText {
  const after = taskText(taskSettle(task, outcome, now));
  return textBytes(after.text) <= valueBytes ? after : taskText(shorten(after.task));
}

function shorten(task: Task): Task {
  const { finalUrl: _url, etag: _etag, lastModified: _date, history: _history, error, ...rest } = task;
  return error === undefined ? rest : { ...rest, error: { ...error, message: error.message.slice(0, 500) } };
}
