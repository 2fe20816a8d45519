import type { RunningBlocks } from "./task_kv_running.ts";
import { type SettleItem, settleItem, settleItems } from "./task_kv_settle.ts";
import type { Settlement, SettleResult } from "./task_shared_list.ts";
import type { KvStore } from "./kv_store.ts";

interface Call {
  items: SettleItem[];
  resolve: (results: SettleResult[]) => void;
  reject: (error: unknown) => void;
}

/** Settles for many callers of one process: those that come while a commit is under way share the next one. */
export class TaskKvSettler {
  readonly #store: KvStore;
  readonly #blocks: RunningBlocks;
  #calls: Call[] = [];
  #busy = false;

  constructor(store: KvStore, blocks: RunningBlocks) {
    this.#store = store;
    this.#blocks = blocks;
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<SettleResult[]> {
    const items = settlements.map((settlement) => settleItem(settlement, now, this.#store.limits.valueBytes));
    return await new Promise((resolve, reject) => {
      this.#calls.push({ items, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#calls.length > 0) {
      const calls = this.#calls.splice(0);
      try {
        await settleItems(this.#store, this.#blocks, calls.flatMap((call) => call.items));
        for (const { items, resolve } of calls) resolve(items.map((item) => item.result!));
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
    this.#busy = false;
  }
}
