import type { SharedCounters } from "../base/shared_counters.ts";
import type { OwnerVitals } from "../queue/task_shared_list.ts";

/** Reads off the counters of the workers what an owner says of itself. */
export class VitalsMeter {
  readonly #counters: SharedCounters;
  readonly #workers: number;
  #bytes: number;
  #at = performance.now();

  constructor(counters: SharedCounters, workers: number) {
    this.#counters = counters;
    this.#workers = workers;
    this.#bytes = counters.total("bytes");
  }

  /** Reads now. */
  read(): OwnerVitals {
    const counters = this.#counters;
    const bytes = counters.total("bytes");
    const now = performance.now();
    const speed = Math.round((bytes - this.#bytes) / Math.max(now - this.#at, 1) * 1000);
    this.#bytes = bytes;
    this.#at = now;
    return {
      load: Array.from({ length: this.#workers }, (_, worker) => Math.round(counters.get(worker, "load"))),
      active: counters.total("active"),
      done: counters.total("done"),
      failed: counters.total("failed"),
      retried: counters.total("retried"),
      bytes,
      speed,
    };
  }
}
