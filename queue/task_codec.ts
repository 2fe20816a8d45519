import type { Task } from "./task_model.ts";

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
