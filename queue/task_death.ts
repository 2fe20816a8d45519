/**
 * Whom the death of an owner or of a worker is blamed on.
 *
 * @module
 */
import type { ClaimedTask, Task, TaskOutcome } from "./task_model.ts";

/** From so many crashes on a task is a suspect: it runs in a worker where nothing else does. */
const SUSPECT_CRASHES = 2;

/** True if a task may be what its owners died of. */
export function isSuspect({ crashes }: Pick<Task, "crashes">): boolean {
  return crashes >= SUSPECT_CRASHES;
}

/**
 * How an owner went: it gave its tasks back; it died; it was not heard of for longer than its lease; or it stood still for so
 * long, and lives.
 */
export type OwnerEnd = "released" | "crashed" | "doubted" | "stuck";

/** How an owner went, by what is known of it, when its tasks are taken back. */
export function endOf(known: boolean | "stuck" | undefined): OwnerEnd {
  return known === "stuck" ? "stuck" : known === false ? "crashed" : "doubted";
}

/** What becomes of a task whose owner went so. */
export function farewellOutcome({ idle, fence }: Pick<ClaimedTask, "idle" | "fence">, end: OwnerEnd): TaskOutcome {
  if (end === "released") return { type: "released" };
  if (end === "stuck" || idle === true) return { type: "released", begun: true };
  return end === "doubted" ? { type: "crashed", doubted: fence } : { type: "crashed" };
}

/** The same task when it turns out that the owner of its claim has not died; undefined if no death was counted for that. */
export function taskRevive(task: Task, fence: string): Task | undefined {
  const { doubted, ...rest } = task;
  if (doubted !== fence) return undefined;
  const revived: Task = { ...rest, crashes: Math.max(0, task.crashes - 1) };
  if (task.status !== "failed" || task.error?.kind !== "crash") return revived;
  delete revived.finishedAt;
  delete revived.error;
  return { ...revived, status: "waiting" };
}

/** What is noted of a running task, by which its owner's death is judged. */
export type TaskNote =
  /** It has to wait for its turn, or its turn has come. */
  | { type: "idle"; on: boolean }
  /** So many bytes of its file are there, which can be continued. */
  | { type: "reached"; bytes: number };

/** The same running task with a note. */
export function taskNote(task: Task, note: TaskNote): Task {
  const { idle: _, ...rest } = task;
  if (note.type === "idle") return note.on ? { ...rest, idle: true } : rest;
  if (note.bytes <= (task.reached ?? 0)) return task;
  const moved: Task = { ...task, crashes: 0, begun: true, reached: note.bytes };
  delete moved.doubted;
  return moved;
}
