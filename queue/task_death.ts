/**
 * Whom the death of an owner or of a worker is blamed on.
 *
 * @module
 */
import type { Task, TaskOutcome } from "./task_model.ts";

/** From so many crashes on a task is a suspect: it runs in a worker where nothing else does. */
const SUSPECT_CRASHES = 2;

/** True if a task may be what its owners died of. */
export function isSuspect({ crashes }: Pick<Task, "crashes">): boolean {
  return crashes >= SUSPECT_CRASHES;
}

/** How an owner went: it gave its tasks back; it died; or it stood still for longer than its lease, and lives. */
export type OwnerEnd = "released" | "crashed" | "stuck";

/** What becomes of a task whose owner went so. */
export function farewellOutcome({ idle }: Pick<Task, "idle">, end: OwnerEnd): TaskOutcome {
  if (end === "released") return { type: "released" };
  return end === "crashed" && idle !== true ? { type: "crashed" } : { type: "released", begun: true };
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
  return { ...task, crashes: 0, begun: true, reached: note.bytes };
}
