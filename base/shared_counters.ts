/** What each worker counts. The order is the layout in memory. */
export const COUNTER_NAMES = [
  "bytes",
  "fileBytes",
  "done",
  "failed",
  "retried",
  "active",
  "limit",
  "load",
  "own",
  "claimed",
  "held",
  "beat",
] as const;

/** The name of one counter; `fileBytes` are those of the files that are done, `load` and what this process has of it, `own`, are in percent, `held` is 1 while nothing may start, and `beat` grows while the worker lives. */
export type CounterName = typeof COUNTER_NAMES[number];

const WIDTH = COUNTER_NAMES.length;
const INDEX = Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, index])) as Record<CounterName, number>;

/**
 * Counters of all workers in one SharedArrayBuffer: every thread reads them at any time, and no message is sent for it.
 * Each cell has one writer, so plain 64-bit writes do; atomic ones would need big integers and cost ten times as much.
 */
export class SharedCounters {
  /** The memory itself; post it to a Worker to share it. */
  readonly buffer: SharedArrayBuffer;
  /** How many workers it has room for. */
  readonly workers: number;
  readonly #cells: Float64Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Float64Array(buffer);
    this.workers = this.#cells.length / WIDTH;
  }

  /** Makes zeroed counters for a number of workers. */
  static create(workers: number): SharedCounters {
    return new SharedCounters(new SharedArrayBuffer(workers * WIDTH * 8));
  }

  /** Looks at counters that another thread made. */
  static attach(buffer: SharedArrayBuffer): SharedCounters {
    return new SharedCounters(buffer);
  }

  /** Adds to a counter of one worker. */
  add(worker: number, name: CounterName, amount: number): void {
    this.#cells[worker * WIDTH + INDEX[name]]! += amount;
  }

  /** Sets a counter of one worker. */
  set(worker: number, name: CounterName, value: number): void {
    this.#cells[worker * WIDTH + INDEX[name]] = Math.round(value);
  }

  /** Reads a counter of one worker. */
  get(worker: number, name: CounterName): number {
    return this.#cells[worker * WIDTH + INDEX[name]] ?? 0;
  }

  /** Sums a counter over all workers. */
  total(name: CounterName): number {
    let total = 0;
    for (let worker = 0; worker < this.workers; worker++) total += this.get(worker, name);
    return total;
  }
}
