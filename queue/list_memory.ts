/**
 * Notices that a server has forgotten a list: the numbers of its tasks only ever grow, and its name stays what it was.
 *
 * @example
 * ```ts
 * import { ListMemory } from "./list_memory.ts";
 *
 * const memory = new ListMemory();
 * memory.learn("a", 30, 12);
 * memory.learn("", 0, 0);
 * memory.forgotten; // 12
 * ```
 */
export class ListMemory {
  #name: string | undefined;
  #last = 0;
  #open = 0;
  #forgotten = 0;

  /** True once it knows a list with tasks. */
  get knows(): boolean {
    return this.#name !== undefined;
  }

  /** How many tasks were open when the list was there last, or else how many it has ever had; 0 while it is there. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /**
   * Learns how it stands with the list now.
   *
   * @param name The name of the list; empty: it has none, as there was never a task on it, or an older version began it.
   * @param last The last number that was given to a task.
   * @param open How many tasks wait or run.
   */
  learn(name: string, last: number, open: number): void {
    const same = this.#name === undefined || (name === this.#name && last >= this.#last);
    if (!same && this.#forgotten === 0) this.#forgotten = this.#open > 0 ? this.#open : this.#last;
    this.#name = last > 0 ? name : undefined;
    this.#last = last;
    this.#open = open;
  }
}
