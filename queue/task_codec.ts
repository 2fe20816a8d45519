import type { Task } from "./task_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A task from the bytes of its record: JSON in UTF-8, which KV stores faster than an object, and which anyone can read.
 *
 * @param bytes A record that has a key of its own.
 * @returns The task.
 */
export function decodeTask(bytes: Uint8Array): Task {
  return JSON.parse(decoder.decode(bytes));
}

/** A task with its text. */
export interface TaskText {
  task: Task;
  text: string;
}

/** A task and the JSON that stands for it. */
export function taskText(task: Task): TaskText {
  return { task, text: JSON.stringify(task) };
}

/** The bytes that a text adds to a block, at the most. */
export function textBytes(text: string): number {
  return (text.length < 1024 ? text.length * 3 : encoder.encode(text).length) + 1;
}
