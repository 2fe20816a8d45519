import { encodeTask } from "./task_codec.ts";
import { taskKeys, taskShard } from "./task_keys.ts";
import { type Task, taskHost } from "./task_model.ts";
import type { KvStep } from "./kv_store.ts";

const KEY_BYTES = 60;

/** An empty step. */
export function emptyStep(): KvStep {
  return { checks: [], sets: [], deletes: [], sums: [], bytes: 0 };
}

/** Adds to a step: put this task's record where its state says. */
export function placeTask(step: KvStep, task: Task): void {
  const bytes = encodeTask(task);
  const put = (key: Deno.KvKey, value: unknown, size: number) => {
    step.sets.push([key, value]);
    step.bytes += KEY_BYTES + size;
  };
  switch (task.status) {
    case "waiting":
      if (task.notBefore === undefined) {
        put(taskKeys.ready(task.priority, taskShard(taskHost(task.url)), task.seq), bytes, bytes.length);
      } else {
        put(taskKeys.delayed(task.notBefore, task.seq), bytes, bytes.length);
        put(taskKeys.due(task.seq), task.notBefore, 8);
      }
      break;
    case "running":
      if (task.owner === undefined) throw new TypeError(`Cannot store running task "${task.id}" as it has no owner`);
      put(taskKeys.running(task.owner, task.seq), bytes, bytes.length);
      break;
    default:
      put(taskKeys.resting(task.status, task.seq), bytes, bytes.length);
  }
  step.sums.push([taskKeys.count(task.status), 1n]);
}

/** Adds to a step: take this task's record away, if nobody touched it since it was read. */
export function takeTask(step: KvStep, entry: { key: Deno.KvKey; versionstamp: string }, task: Task): void {
  step.checks.push({ key: entry.key, versionstamp: entry.versionstamp });
  step.deletes.push(entry.key);
  step.bytes += 2 * KEY_BYTES;
  if (task.status === "waiting" && task.notBefore !== undefined) {
    step.deletes.push(taskKeys.due(task.seq));
    step.bytes += KEY_BYTES;
  }
  step.sums.push([taskKeys.count(task.status), -1n]);
}
