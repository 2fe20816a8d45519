/**
 * What the verbs of a user mean for tasks, whoever stores the list.
 *
 * @module
 */
import { type Task, TASK_MOVES, type TaskControl, type TaskStatus } from "./task_model.ts";
import type { ControlRequest, ControlVerb, SyncRequest } from "./task_shared_list.ts";

/** What each verb does to a task. */
export const CONTROL_MOVES: Readonly<Record<ControlVerb, TaskControl>> = {
  pause: "pause",
  resume: "resume",
  cancel: "cancel",
  retry: "again",
  remove: "remove",
  priority: "prioritize",
};

/** The states of the tasks that a request without ids can mean. A retry is for failures unless it names another state. */
export function controlledStatuses({ verb, filter }: Pick<ControlRequest, "verb" | "filter">): readonly TaskStatus[] {
  const wanted = filter?.status ?? (verb === "retry" ? ["failed"] : undefined);
  return TASK_MOVES[CONTROL_MOVES[verb]].filter((status) => wanted?.includes(status) ?? true);
}

/** Which tasks a sync cancels, and which it lets wait again. */
export function syncMoves(
  { sources, wanted }: Pick<SyncRequest, "sources" | "wanted">,
): Record<"vanish" | "return", (task: Task) => boolean> {
  const isOf = ({ source }: Task) => source !== undefined && sources.includes(source);
  return {
    vanish: (task) => isOf(task) && !hasStarted(task) && !wanted(task.id),
    // Its entry may have moved to another file.
    return: (task) => task.vanished === true && wanted(task.id),
  };
}

function hasStarted({ attempts, crashes, begun }: Task): boolean {
  return attempts > 0 || crashes > 0 || begun === true;
}
