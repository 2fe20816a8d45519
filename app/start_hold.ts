import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { SharedCounters } from "../base/shared_counters.ts";

/** Why nothing may start: there is no space, it is not the time, or nobody knows yet what is still asked for. */
export type HoldReason = "space" | "schedule" | "sync";

/** Tells the workers whether anything may start: only while nobody has a reason against it. */
export class StartHold implements Disposable {
  readonly #counters: SharedCounters;
  readonly #reasons = new Set<HoldReason>();

  /** @param counters Where the workers read it. */
  constructor(counters: SharedCounters) {
    this.#counters = counters;
  }

  /** Sets or lifts one reason. */
  set(reason: HoldReason, on: boolean): void {
    if (on) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    this.#write(this.#reasons.size > 0);
  }

  #write(held: boolean): void {
    for (let worker = 0; worker < this.#counters.workers; worker++) this.#counters.set(worker, "held", held ? 1 : 0);
  }

  [Symbol.dispose](): void {
    this.#reasons.clear();
    this.#write(false);
  }
}

/** What is on the list may have vanished from its file since: nothing of it starts before the files were read. */
export async function holdUntilRead(hold: StartHold, list: TaskSharedList, firstRead: Promise<void>): Promise<void> {
  const { waiting } = await list.counts();
  if (waiting === 0) return;
  hold.set("sync", true);
  void firstRead.then(() => hold.set("sync", false));
}
