import type { Task } from "./task_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A task as bytes: JSON in UTF-8, which KV stores faster than an object, and which anyone can read.
 *
 * @param task The task.
 * @returns Its bytes.
 */
export function encodeTask(task: Task): Uint8Array {
  return encoder.encode(JSON.stringify(task));
}

/**
 * A task from its bytes.
 *
 * @param bytes What {@linkcode encodeTask} made.
 * @returns The task.
 */
export function decodeTask(bytes: Uint8Array): Task {
  return JSON.parse(decoder.decode(bytes));
}
