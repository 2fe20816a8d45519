import type { SharedCounters } from "../base/shared_counters.ts";
import type { OwnerVitals, SilentHosts } from "../queue/task_shared_list.ts";

/** Reads off the counters of the workers what an owner says of itself. */
export class VitalsMeter {
  readonly #counters: SharedCounters;
  readonly #workers: number;
  readonly #silent: () => SilentHosts | undefined;
  #bytes: number;
  #at = performance.now();

  /**
   * @param counters The counters.
   * @param workers How many workers there are.
   * @param silent Which hosts are silent.
   */
  constructor(counters: SharedCounters, workers: number, silent: () => SilentHosts | undefined) {
    this.#counters = counters;
    this.#workers = workers;
    this.#silent = silent;
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
    const silent = this.#silent();
    return {
      load: Array.from({ length: this.#workers }, (_, worker) => Math.round(counters.get(worker, "load"))),
      active: counters.total("active"),
      done: counters.total("done"),
      failed: counters.total("failed"),
      retried: counters.total("retried"),
      bytes,
      speed,
      ...(silent === undefined ? {} : { silent }),
    };
  }
}
