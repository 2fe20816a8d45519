import { textNumber } from "../base/text_digest.ts";
import { taskAssignedNumber } from "../queue/task_model.ts";
import type { AddResult } from "../queue/task_shared_list.ts";

interface Block {
  ids: Float64Array;
  refused: number;
}

/** Which tasks a task file asks for: eight bytes for each, since there may be millions. */
export class WantedTasks {
  #blocks = new Map<string, Block>();
  #sorted = new Float64Array(0);
  #clear = false;

  /** True if the file was read to its end, and every entry of it is on the list: one that is not may ask for any task. */
  get clear(): boolean {
    return this.#clear;
  }

  /** Entries of the file are on the list. */
  added(block: string, results: readonly AddResult[]): void {
    const ids: number[] = [];
    for (const result of results) if (result.type !== "refused") ids.push(idNumber(result.id));
    this.#blocks.set(block, { ids: Float64Array.from(ids), refused: results.length - ids.length });
  }

  /**
   * The file was read to its end.
   *
   * @param blocks What stands for its entries.
   * @param doubt There are entries that cannot be understood, or it changed meanwhile.
   */
  read(blocks: readonly string[], doubt: boolean): void {
    const kept = new Map<string, Block>();
    for (const name of blocks) {
      const block = this.#blocks.get(name);
      // Without any entry that is taken there is no block.
      if (block !== undefined) kept.set(name, block);
    }
    this.#blocks = kept;
    let length = 0;
    this.#clear = !doubt;
    for (const { ids, refused } of kept.values()) {
      length += ids.length;
      if (refused > 0) this.#clear = false;
    }
    this.#sorted = new Float64Array(length);
    let at = 0;
    for (const { ids } of kept.values()) {
      this.#sorted.set(ids, at);
      at += ids.length;
    }
    this.#sorted.sort();
  }

  /** True if the file asks for a task. */
  has(id: string): boolean {
    const wanted = idNumber(id);
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low] === wanted;
  }
}

/** Ids that the list gave stand for themselves, others are below zero. */
function idNumber(id: string): number {
  return taskAssignedNumber(id) ?? -1 - textNumber(id);
}
