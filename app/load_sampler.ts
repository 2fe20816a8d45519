import type { SharedCounters } from "../base/shared_counters.ts";
import { builtinModule } from "../base/builtin_module.ts";
import { CpuLoadMeter } from "../ffi/cpu_load.ts";
import { LibcNumbers } from "../ffi/libc_numbers.ts";

/** A shorter time says nothing about a load. */
const SHORTEST_MS = 10;

/**
 * Reads the load of the cores, and what this process has of it, and puts both where each worker finds its own. The part
 * of a core is that of the whole process, main thread and all, divided by its cores: they do not differ much.
 */
export class LoadSampler implements Disposable {
  readonly #meter = new CpuLoadMeter();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #counters: SharedCounters;
  readonly #cores: readonly number[];
  readonly #allowed: readonly number[];
  /** The cores that this process works on: those of the workers, and the one of the main thread. */
  readonly #usedCores: number;
  readonly #floating = new Set<number>();
  readonly #numbers: LibcNumbers;
  /** CPU time of the process, in milliseconds. */
  #used = 0;
  #at = 0;
  #ownLoad = 0;

  /**
   * @param counters Where the load goes.
   * @param cores The core of each worker.
   * @param allowed All cores that this process may use.
   * @param intervalMs How often.
   * @param library The C library, if there is one to use.
   */
  constructor(
    counters: SharedCounters,
    cores: readonly number[],
    allowed: readonly number[],
    intervalMs: number,
    library?: string,
  ) {
    this.#numbers = new LibcNumbers(library);
    this.#counters = counters;
    this.#cores = cores;
    this.#allowed = allowed;
    this.#usedCores = Math.min(allowed.length, new Set(cores).size + 1);
    this.#timer = setInterval(() => this.sample(), intervalMs);
  }

  /** This worker is not pinned: its load is the mean of all allowed cores. */
  float(worker: number): void {
    this.#floating.add(worker);
  }

  /** Reads now. */
  sample(): void {
    const loads = this.#meter.sample();
    const own = this.#own() / this.#usedCores;
    const mean = this.#allowed.reduce((sum, core) => sum + (loads.get(core) ?? 0), 0) / this.#allowed.length;
    for (const [worker, core] of this.#cores.entries()) {
      this.#counters.set(worker, "load", this.#floating.has(worker) ? mean : loads.get(core) ?? mean);
      // A little is not nothing.
      this.#counters.set(worker, "own", Math.ceil(own));
    }
  }

  /** What this process used since the last time, in percent of one core. */
  #own(): number {
    const now = performance.now();
    const elapsedMs = now - this.#at;
    if (elapsedMs < SHORTEST_MS) return this.#ownLoad;
    const used = this.#numbers.cpuMs() ?? cpuMs();
    this.#ownLoad = (used - this.#used) / elapsedMs * 100;
    this.#used = used;
    this.#at = now;
    return this.#ownLoad;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#numbers[Symbol.dispose]();
  }
}

function cpuMs(): number {
  const { user, system } = builtinModule("node:process").cpuUsage();
  return (user + system) / 1000;
}
