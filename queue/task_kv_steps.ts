import type { TaskText } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import type { Task, TaskStatus } from "./task_model.ts";
import type { KvStep } from "./kv_store.ts";

const KEY_BYTES = 60;
const encoder = new TextEncoder();

/** An empty step. */
export function emptyStep(): KvStep {
  return { checks: [], sets: [], deletes: [], counts: {}, bytes: 0 };
}

/** One step of several. A key that one of them deletes and another sets is set. */
export function joinSteps(steps: readonly KvStep[]): KvStep {
  const joint = emptyStep();
  for (const step of steps) {
    joint.checks.push(...step.checks);
    joint.deletes.push(...step.deletes);
    joint.sets.push(...step.sets);
    joint.bytes += step.bytes;
    for (const [status, amount] of Object.entries(step.counts)) count(joint, status as TaskStatus, amount);
  }
  return joint;
}

/** Adds to a step: one task more, or less, in a state. */
export function count(step: KvStep, status: TaskStatus, amount: number): void {
  step.counts[status] = (step.counts[status] ?? 0) + amount;
}

/** True if the task belongs into a block of ready tasks. */
export function isReady(task: Task): boolean {
  return task.status === "waiting" && task.notBefore === undefined;
}

/** Adds to a step: put this record, of a task that rests or is delayed, under a key of its own. */
export function placeAlone(step: KvStep, { task, text }: TaskText): void {
  const bytes = encoder.encode(text);
  step.bytes += KEY_BYTES + bytes.length;
  if (task.status === "waiting") {
    const notBefore = task.notBefore!;
    step.sets.push([taskKeys.delayed(notBefore, task.seq), bytes], [taskKeys.due(task.seq), notBefore]);
    step.bytes += KEY_BYTES;
  } else if (task.status !== "running") {
    step.sets.push([taskKeys.resting(task.status, task.seq), bytes]);
  } else {
    throw new TypeError(`Cannot store task "${task.id}" under a key of its own as it is running`);
  }
}
