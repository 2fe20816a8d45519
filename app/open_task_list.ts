import { dirname, resolve } from "@std/path";
import { QueueUnavailableError } from "../queue/queue_unavailable_error.ts";
import { TaskKvList } from "../queue/task_kv_list.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";

/** How {@linkcode openTaskList} opens. */
export interface OpenTaskListOptions {
  /** Make the list if there is none. Default true. */
  create?: boolean;
}

/**
 * Opens a task list by its address.
 *
 * @param address `kv:FILE`, or `kv::memory:` for a list that nobody else sees.
 * @param options What to do if there is none.
 * @returns The list; dispose of it.
 * @throws {QueueUnavailableError} If there is none, or it cannot be opened.
 *
 * @example
 * ```ts
 * import { openTaskList } from "./open_task_list.ts";
 *
 * await using list = await openTaskList("kv::memory:");
 * await list.counts(); // { waiting: 0, running: 0, … }
 * ```
 */
export async function openTaskList(address: string, options: OpenTaskListOptions = {}): Promise<TaskSharedList> {
  const path = address.replace(/^kv:/, "");
  if (path === ":memory:") return await TaskKvList.open(path);
  const file = resolve(path);
  if (options.create === false && !(await taskListExists(address))) {
    throw new QueueUnavailableError(`Cannot open the task list as there is none at ${address}`, address);
  }
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new QueueUnavailableError(`Cannot open the task list ${address}: ${message}`, address, { cause: error });
  }
  return await TaskKvList.open(file);
}

/** Says whether there is a task list at an address already. */
export async function taskListExists(address: string): Promise<boolean> {
  try {
    await Deno.stat(resolve(address.replace(/^kv:/, "")));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
