const CELL_BYTES = 8;

/**
 * Which tasks a worker runs at the moment, in memory that the main thread reads when the worker has died: what it held
 * beyond those is not to blame. Only the worker writes.
 */
export class RunningTasks {
  /** The memory itself; post it to a Worker to share it. */
  readonly buffer: SharedArrayBuffer;
  /** The number of a task, or 0. */
  readonly #cells: Float64Array;
  readonly #free: number[];

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Float64Array(buffer);
    this.#free = Array.from(this.#cells.keys());
  }

  /** Makes room for so many tasks at a time. */
  static create(tasks: number): RunningTasks {
    return new RunningTasks(new SharedArrayBuffer(tasks * CELL_BYTES));
  }

  /** Looks at memory that another thread made. */
  static attach(buffer: SharedArrayBuffer): RunningTasks {
    return new RunningTasks(buffer);
  }

  /** A task begins; gives where that is noted. Beyond the room that there is, it is noted nowhere. */
  begin(seq: number): number {
    const place = this.#free.pop() ?? this.#cells.length;
    this.#cells[place] = seq;
    return place;
  }

  /** What is noted there has ended. */
  end(place: number): void {
    if (place >= this.#cells.length) return;
    this.#cells[place] = 0;
    this.#free.push(place);
  }

  /** The tasks that run now, by their numbers. */
  read(): Set<number> {
    return new Set(this.#cells.filter((seq) => seq !== 0));
  }
}
