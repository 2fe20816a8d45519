import { taskKeys } from "./task_keys.ts";
import type { Task } from "./task_model.ts";
import type { KvStep } from "./kv_store.ts";

/** Keys are dear: see `KEY_WEIGHT` in `task_kv_add.ts`. */
const KEY_WEIGHT = 27;
const KEY_BYTES = 60;

/**
 * Adds to a step: nothing but the record itself is known of this task any more. Its paths are free again, and so is its id.
 * Its record is taken out, and its counter changed, by the caller.
 */
export function forgetTask(step: KvStep, { id, out, firstOut }: Task): void {
  for (const path of firstOut === undefined ? [out] : [out, firstOut]) {
    step.deletes.push(taskKeys.path(path));
    step.bytes += KEY_BYTES + path.length * KEY_WEIGHT;
  }
  step.deletes.push(taskKeys.id(id));
  step.bytes += KEY_BYTES + id.length * KEY_WEIGHT;
}
