import { type ClaimedTask, type Task, taskClaim } from "./task_model.ts";

/** A task as its claim hands it out. */
export function claimedTask(task: Task, owner: string, core: number, fence: string): ClaimedTask {
  return Object.assign(taskClaim(task, owner, core), { fence }) as ClaimedTask;
}
