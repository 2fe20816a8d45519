import { type FileForecast, fileForecast, type OwnerState, type RunningFile, type Task } from "../mod.ts";

/** How far a running file has come, and what follows from that. */
export type RunningProgress = Omit<RunningFile, "id"> & FileForecast;

/** How far the running files have come, by the ids of their tasks, as the heartbeats of their owners say it. */
export class RunningFiles {
  readonly #files = new Map<string, RunningFile>();

  /** @param owners Whose heartbeats; what a silent one said is not true any more. */
  constructor(owners: readonly OwnerState[]) {
    for (const { alive, vitals } of owners) {
      if (alive) { for (const file of vitals?.files ?? []) this.#files.set(file.id, file); }
    }
  }

  /** All of them, the largest first. */
  get all(): RunningFile[] {
    return [...this.#files.values()].sort((a, b) => (b.size ?? b.bytes) - (a.size ?? a.bytes));
  }

  /** How far the file of a task has come; `undefined` if it does not run, or nobody says it. */
  of({ id, status }: Pick<Task, "id" | "status">): RunningFile | undefined {
    return status === "running" ? this.#files.get(id) : undefined;
  }

  /** A task for JSON: with `progress`, if its file is received now. */
  withProgress(task: Task): Task & { progress?: RunningProgress } {
    const file = this.of(task);
    if (file === undefined) return task;
    const { id: _, ...rest } = file;
    return { ...task, progress: { ...rest, ...fileForecast(file) } };
  }
}
