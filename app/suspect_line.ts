import { isSuspect, type TaskNote } from "../queue/task_death.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";

/** Suspects that are kept at hand; further ones are for others, or for later. */
const MOST = 64;
/** After how long those are looked at again, and up to twice as long. */
const LATER_MS = 1000;

/** What the line needs of the world. */
export interface SuspectLinePorts {
  /** The list. */
  list: Pick<TaskSharedList, "note">;
  /** Suspects are there: a worker is needed that runs them alone. */
  needed: () => void;
  /** True if that worker wants a task. */
  ready: () => boolean;
  /** False for a claim that a user has ended. */
  isStill: (task: ClaimedTask) => boolean;
  /** Resolves when one download more may run; absent: it may at any time. */
  place?: () => Promise<void> | undefined;
  /** The place is not needed after all. */
  unneeded: () => void;
  /** Hands one to that worker. */
  give: (task: ClaimedTask) => void;
  /** Ends a claim; absent: the list has ended it already. */
  end: (task: ClaimedTask, outcome?: TaskOutcome) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
}

/**
 * Lets tasks over which owners or workers have died repeatedly run one at a time, in a worker of their own: so whatever
 * kills that worker is known, and fails alone. Those that wait are noted as such on the list, so that the death of the whole
 * process is not blamed on them.
 */
export class SuspectLine {
  readonly #ports: SuspectLinePorts;
  #waiting: ClaimedTask[] = [];
  /** The one whose turn it is, by its number. */
  #current: number | undefined;
  #busy: Promise<void> | undefined;
  readonly #stopping = Promise.withResolvers<void>();
  #stopped = false;

  constructor(ports: SuspectLinePorts) {
    this.#ports = ports;
  }

  /** True if nobody waits. */
  get empty(): boolean {
    return this.#waiting.length === 0 && this.#busy === undefined;
  }

  /** Keeps the suspects among some claimed tasks, and gives the others. */
  sift(tasks: ClaimedTask[]): ClaimedTask[] {
    if (!tasks.some(isSuspect)) return tasks;
    for (const task of tasks.filter(isSuspect)) {
      if (this.#waiting.length < MOST) this.#waiting.push(task);
      else {
        const notBefore = Math.round(Date.now() + LATER_MS * (1 + Math.random()));
        this.#ports.end(task, { type: "deferred", notBefore });
      }
    }
    this.#ports.needed();
    this.goOn();
    return tasks.filter((task) => !isSuspect(task));
  }

  /** The claim of a task has ended, or it has shown that it is none. */
  over(seq: number): void {
    if (this.#current === seq) this.#current = undefined;
    this.goOn();
  }

  /** Lets the next one run if it is its turn. */
  goOn(): void {
    if (this.#waiting.length === 0) return;
    this.#busy ??= this.#work().catch(this.#ports.failed).finally(() => {
      this.#busy = undefined;
      if (this.#mayStart || this.#fresh.length > 0) this.goOn();
    });
  }

  /** Gives back whoever waits. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.resolve();
    await this.#busy;
    for (const task of this.#waiting.splice(0)) this.#ports.end(task, { type: "released", begun: true });
  }

  /** Those of which the list does not know yet that they wait. */
  get #fresh(): ClaimedTask[] {
    return this.#stopped ? [] : this.#waiting.filter(({ idle }) => idle !== true);
  }

  get #mayStart(): boolean {
    return !this.#stopped && this.#current === undefined && this.#waiting.length > 0 && this.#ports.ready();
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      if (this.#mayStart) {
        await this.#start(this.#waiting.shift()!);
        continue;
      }
      const fresh = this.#fresh;
      if (fresh.length === 0) return;
      this.#waiting = this.#waiting.filter(({ idle }) => idle === true);
      this.#waiting.push(...await this.#note(fresh, { type: "idle", on: true }));
    }
  }

  async #start(waiting: ClaimedTask): Promise<void> {
    const { isStill, give } = this.#ports;
    if (!isStill(waiting)) return;
    // A claim that nobody else may end meanwhile has its turn at once.
    this.#current = waiting.seq;
    const place = this.#ports.place?.();
    if (place !== undefined) await Promise.race([place, this.#stopping.promise]);
    const [task] = waiting.idle === true ? await this.#note([waiting], { type: "idle", on: false }) : [waiting];
    if (task !== undefined && !this.#stopped) return give(task);
    this.#current = undefined;
    this.#ports.unneeded();
    if (task !== undefined) this.#waiting.push(task);
  }

  /** Notes something of tasks; gives those that are still ours. */
  async #note(tasks: readonly ClaimedTask[], note: TaskNote): Promise<ClaimedTask[]> {
    const results = await this.#ports.list.note(tasks.map((task) => ({ task, note })));
    return tasks.flatMap((task, i) => {
      const result = results[i];
      if (result?.type === "noted") return [result.task];
      this.#ports.end(task);
      return [];
    });
  }
}
