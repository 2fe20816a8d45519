import { taskKeys } from "./task_keys.ts";
import { emptyStep } from "./task_kv_steps.ts";
import type { KvStore } from "./kv_store.ts";

/** A sequence number, and whether the number that was wished for had never been given out. */
export interface TaskNumber {
  seq: number;
  granted: boolean;
}

/** Gives out sequence numbers, each once for all processes. Unused ones leave a gap, which harms nothing. */
export class TaskKvSequence {
  readonly #store: KvStore;
  #next = 1;
  #left = 0;

  constructor(store: KvStore) {
    this.#store = store;
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
      const { value, versionstamp } = await this.#store.get<number>(key);
      const last = value ?? 0;
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

  #give(): TaskNumber {
    this.#left--;
    return { seq: this.#next++, granted: false };
  }
}
