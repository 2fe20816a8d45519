import type { ClaimedTask } from "../queue/task_model.ts";
import type { RenameRequest, RenameResult, TaskSharedList } from "../queue/task_shared_list.ts";
import type { RenameAnswer, RenameAsk } from "../workers/proc_messages.ts";

const RENAME_AT_ONCE = 200;

/** What the renamer needs of the world. */
export interface TaskRenamerPorts {
  /** The list. */
  list: Pick<TaskSharedList, "rename">;
  /** What a worker has in its hands. */
  running: (worker: number) => Map<number, ClaimedTask>;
  /** Tells a worker which paths its tasks have now. */
  renamed: (worker: number, answers: RenameAnswer[]) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
}

/** Gets the names on the list that workers have learned, before they write anything. */
export class TaskRenamer {
  readonly #ports: TaskRenamerPorts;
  readonly #unnamed: { worker: number; ask: RenameAsk }[] = [];
  #renaming: Promise<void> | undefined;

  constructor(ports: TaskRenamerPorts) {
    this.#ports = ports;
  }

  /** Resolves when what was asked for is answered; undefined if all is. */
  get busy(): Promise<void> | undefined {
    return this.#renaming;
  }

  /** A worker asks for names. */
  rename(worker: number, asks: readonly RenameAsk[]): void {
    for (const ask of asks) this.#unnamed.push({ worker, ask });
    this.#renameSoon();
  }

  /** Those that come while a commit is under way share the next one. */
  #renameSoon(): void {
    if (this.#unnamed.length === 0) return;
    this.#renaming ??= this.#renameAll().catch(this.#ports.failed).finally(() => {
      this.#renaming = undefined;
      this.#renameSoon();
    });
  }

  async #renameAll(): Promise<void> {
    while (this.#unnamed.length > 0) {
      const batch = this.#unnamed.splice(0, RENAME_AT_ONCE);
      const requests: RenameRequest[] = [];
      const places = batch.map(({ worker, ask: [seq, fence, out, fallbackOut] }) => {
        const task = this.#ports.running(worker).get(seq);
        if (task?.fence !== fence) return undefined;
        return requests.push({ task, out, ...(fallbackOut === null ? {} : { fallbackOut }) }) - 1;
      });
      const results = await this.#ports.list.rename(requests);
      const answers = new Map<number, RenameAnswer[]>();
      for (const [i, { worker, ask: [seq, fence] }] of batch.entries()) {
        const place = places[i];
        const out = place === undefined ? null : this.#pathOf(worker, requests[place]!.task, results[place]!);
        answers.set(worker, [...answers.get(worker) ?? [], [seq, fence, out]]);
      }
      for (const [worker, ofWorker] of answers) this.#ports.renamed(worker, ofWorker);
    }
  }

  /** The path of a task after a rename; from now on it is settled under that. */
  #pathOf(worker: number, task: ClaimedTask, result: RenameResult): string | null {
    if (result.type !== "named") return result.type === "taken" ? task.out : null;
    const running = this.#ports.running(worker);
    if (running.get(task.seq)?.fence === task.fence) running.set(task.seq, result.task);
    return result.task.out;
  }
}
