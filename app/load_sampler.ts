import type { SharedCounters } from "../base/shared_counters.ts";
import { CpuLoadMeter } from "../ffi/cpu_load.ts";

/** Reads the load of the cores and puts it where each worker finds its own. */
export class LoadSampler implements Disposable {
  readonly #meter = new CpuLoadMeter();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #counters: SharedCounters;
  readonly #cores: readonly number[];
  readonly #allowed: readonly number[];
  readonly #floating = new Set<number>();

  /**
   * @param counters Where the load goes.
   * @param cores The core of each worker.
   * @param allowed All cores that this process may use.
   * @param intervalMs How often.
   */
  constructor(counters: SharedCounters, cores: readonly number[], allowed: readonly number[], intervalMs: number) {
    this.#counters = counters;
    this.#cores = cores;
    this.#allowed = allowed;
    this.#timer = setInterval(() => this.sample(), intervalMs);
  }

  /** This worker is not pinned: its load is the mean of all allowed cores. */
  float(worker: number): void {
    this.#floating.add(worker);
  }

  /** Reads now. */
  sample(): void {
    const loads = this.#meter.sample();
    const mean = this.#allowed.reduce((sum, core) => sum + (loads.get(core) ?? 0), 0) / this.#allowed.length;
    for (const [worker, core] of this.#cores.entries()) {
      this.#counters.set(worker, "load", this.#floating.has(worker) ? mean : loads.get(core) ?? mean);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
