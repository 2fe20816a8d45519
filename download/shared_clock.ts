import { type Clock, systemClock } from "../base/clock.ts";

/** Beyond this, the system's clock was set, or the machine slept while the monotonic clock stood still. */
const PARTED_MS = 100;

/**
 * The time since the epoch as fine as `performance.now()`, the same for all threads of a process: `performance.timeOrigin`
 * alone would not do, as a thread that starts after the system's clock was set has another idea of it. Whoever sees that
 * the two have parted follows the system's clock, which is the only one that all threads share.
 *
 * @example
 * ```ts
 * import { SharedClock } from "./shared_clock.ts";
 *
 * const clock = new SharedClock();
 * clock.now(); // 1767225600000.125
 * ```
 */
export class SharedClock implements Clock {
  readonly #wall: Clock;
  readonly #ticks: Clock;
  #origin: number;

  /**
   * @param wall What all threads share. Default: the system's clock.
   * @param ticks What is fine and never set. Default: `performance`.
   */
  constructor(wall: Clock = systemClock, ticks: Clock & { readonly timeOrigin: number } = performance) {
    this.#wall = wall;
    this.#ticks = ticks;
    this.#origin = ticks.timeOrigin;
  }

  /** Milliseconds since the Unix epoch, with fractions. It goes backwards only if the system's clock was set back. */
  now(): number {
    const time = this.#origin + this.#ticks.now();
    if (Math.abs(this.#wall.now() - time) <= PARTED_MS) return time;
    const wall = this.#wall.now();
    this.#origin = wall - this.#ticks.now();
    return wall;
  }
}
