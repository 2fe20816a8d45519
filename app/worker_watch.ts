const LOOK_MS = 1000;
/** A look that comes much too late says that this process or this thread stood still, and nothing about the workers. */
const LATE_MS = 3000;

/** Whom the watch looks after. */
export interface WorkerWatchPorts {
  /** How many workers there are. */
  workers: number;
  /** A number that changes as long as the event loop of a worker turns. */
  beat: (worker: number) => number;
  /** A worker has shown no sign of life for too long. */
  silent: (worker: number) => void;
  /** The time in milliseconds, of a clock that is never set. Default: `performance.now()`. */
  now?: () => number;
}

interface Watched {
  beat: number;
  silentMs: number;
}

/**
 * Finds workers that hang: in a loop without end, or in a call that does not come back. What counts is the time in which
 * this process ran, so that a machine which slept, or a process which was stopped, is no reason.
 */
export class WorkerWatch implements Disposable {
  readonly #ports: WorkerWatchPorts;
  readonly #timeoutMs: number;
  readonly #watched = new Map<number, Watched>();
  readonly #timer: ReturnType<typeof setInterval>;
  #last: number;

  /**
   * @param timeoutMs How long a worker may be silent.
   * @param ports Whom to look after, and whom to tell.
   */
  constructor(timeoutMs: number, ports: WorkerWatchPorts) {
    this.#ports = ports;
    this.#timeoutMs = timeoutMs;
    this.#last = this.#now();
    this.#timer = setInterval(() => this.look(), Math.min(LOOK_MS, timeoutMs / 4));
  }

  /** A worker was started: it has all of its time. */
  started(worker: number): void {
    this.#watched.set(worker, { beat: this.#ports.beat(worker), silentMs: 0 });
  }

  /** A worker has ended, and need not show any sign. */
  ended(worker: number): void {
    this.#watched.delete(worker);
  }

  /** Looks at every worker. */
  look(): void {
    const now = this.#now();
    const passed = now - this.#last;
    this.#last = now;
    for (const [worker, watched] of this.#watched) {
      const beat = this.#ports.beat(worker);
      if (beat !== watched.beat) {
        watched.beat = beat;
        watched.silentMs = 0;
      } else if (passed < LATE_MS) watched.silentMs += passed;
      if (watched.silentMs < this.#timeoutMs) continue;
      this.#watched.delete(worker);
      this.#ports.silent(worker);
    }
  }

  #now(): number {
    return this.#ports.now?.() ?? performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
