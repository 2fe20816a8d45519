/**
 * What the verbs of a user mean for tasks, whoever stores the list.
 *
 * @module
 */
import { taskMatcher } from "./task_filter.ts";
import { type Task, TASK_MOVES, type TaskControl, type TaskStatus } from "./task_model.ts";
import type { ControlRequest, ControlVerb, SyncRequest, TaskOrder } from "./task_shared_list.ts";

/** What each verb does to a task. */
const CONTROL_MOVES: Readonly<Record<ControlVerb, TaskControl>> = {
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
function syncMoves(
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

/** What to do with tasks, and with which. */
export interface ControlPlan {
  move: TaskControl;
  /** The states of the tasks that are meant. */
  statuses: readonly TaskStatus[];
  matches: (task: Task) => boolean;
  /** What the owner of a running task is told; moves that leave running tasks alone have none. */
  verb?: ControlVerb;
  priority?: number;
  signal?: AbortSignal;
  /** The owner of a running task removes its unfinished file. */
  drop?: true;
  /** Told of each task that was moved, as it was before. */
  moved?: (task: Task) => void;
}

/** What a request asks for. */
export function controlPlan(request: ControlRequest): ControlPlan {
  const { verb, filter, priority, signal, dropParts = false, moved } = request;
  return {
    move: CONTROL_MOVES[verb],
    statuses: controlledStatuses(request),
    matches: taskMatcher(filter ?? {}),
    verb,
    ...(priority === undefined ? {} : { priority }),
    ...(signal === undefined ? {} : { signal }),
    ...(dropParts && (verb === "cancel" || verb === "remove") ? { drop: true } : {}),
    ...(moved === undefined ? {} : { moved }),
  };
}

/** What the owner of a running task is told of a move; undefined if the move leaves it alone. */
export function orderOf({ move, verb, drop }: ControlPlan, seq: number, fence: string): TaskOrder | undefined {
  if (verb === undefined || move === "prioritize") return undefined;
  return { seq, fence, verb, ...(drop === undefined ? {} : { drop }) };
}

/** The two parts of a sync, as plans. */
export function syncPlans({ signal, ...request }: SyncRequest): Record<"vanish" | "return", ControlPlan> {
  const matches = syncMoves(request);
  const plan = (move: "vanish" | "return"): ControlPlan => {
    const { [move]: statuses } = TASK_MOVES;
    return { move, statuses, matches: matches[move], ...(signal === undefined ? {} : { signal }) };
  };
  return { vanish: plan("vanish"), return: plan("return") };
}
