import { taskKeys } from "./task_keys.ts";
import { emptyStep } from "./task_kv_steps.ts";
import type { KvStore } from "./kv_store.ts";

/** A sequence number, and whether the number that was wished for had never been given out. */
export interface TaskNumber {
  seq: number;
  granted: boolean;
}

/**
 * Gives out sequence numbers, each once for all processes. Unused ones leave a gap, which harms nothing.
 *
 * Between a number and its task there is a moment in which nobody but its holder knows of it, and in which another process
 * may want the id that goes with it. So whoever stores tasks demands {@linkcode TaskKvSequence.check}, and whoever wants the
 * id of an old number ends, before it looks for its task, all numbers that were given out and not used so far.
 */
export class TaskKvSequence {
  readonly #store: KvStore;
  #next = 1;
  #left = 0;
  /** Up to here, no number belongs to a task that is not stored yet. */
  #ended = 0;
  #check: Deno.AtomicCheck | undefined;

  constructor(store: KvStore) {
    this.#store = store;
  }

  /** What must hold when tasks with the numbers of the last calls are stored; with another check come other numbers. */
  get check(): Deno.AtomicCheck | undefined {
    return this.#check;
  }

  /**
   * Takes one number for each wish.
   *
   * @param wishes The number in an id that looks like one the list assigns; the task gets that very number if it is new.
   * @param ahead How many more will be taken soon, so that they need no commit of their own.
   * @returns The numbers, in order.
   */
  async take(wishes: readonly (number | undefined)[], ahead: number): Promise<TaskNumber[]> {
    const named = wishes.filter((wish) => wish !== undefined);
    if (named.length === 0 && wishes.length <= this.#left) return wishes.map(() => this.#give());
    const key = taskKeys.seq();
    while (true) {
      const [{ value, versionstamp }, ends] = await this.#read();
      const last = value ?? 0;
      this.#keepTo(ends.versionstamp);
      if (named.some((wish) => wish <= last && wish > this.#ended)) {
        await this.#store.set(ends.key, last);
        this.#ended = last;
        continue;
      }
      const fresh = new Set(named.filter((wish) => wish > last));
      const floor = Math.max(last, ...fresh);
      const more = wishes.length - fresh.size + ahead;
      const step = { ...emptyStep(), checks: [{ key, versionstamp }] };
      step.sets.push([key, floor + more]);
      if (!(await this.#store.commit(step)).ok) continue;
      this.#next = floor + 1;
      this.#left = more;
      return wishes.map((wish) =>
        wish !== undefined && fresh.delete(wish) ? { seq: wish, granted: true } : this.#give()
      );
    }
  }

  /** Finds out whether the numbers that were taken still hold. */
  async look(): Promise<void> {
    const [, { versionstamp }] = await this.#read();
    this.#keepTo(versionstamp);
  }

  async #read(): Promise<[Deno.KvEntryMaybe<number>, Deno.KvEntryMaybe<number>]> {
    const [last, ends] = await this.#store.getMany<number>([taskKeys.seq(), taskKeys.ended()]);
    return [last!, ends!];
  }

  #keepTo(versionstamp: string | null): void {
    if (this.#check?.versionstamp === versionstamp) return;
    this.#check = { key: taskKeys.ended(), versionstamp };
    this.#left = 0;
  }

  #give(): TaskNumber {
    this.#left--;
    return { seq: this.#next++, granted: false };
  }
}
