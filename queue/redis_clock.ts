import type { Clock } from "../base/clock.ts";

/**
 * The server's time, which all machines of a list share: what a machine's own clock says is worth nothing to the others.
 * It is carried on between answers by a clock that nobody can set.
 */
export class RedisClock implements Clock {
  readonly #fixed: Clock | undefined;
  #ahead: number | undefined;

  /** @param fixed What says the time instead of the server, for tests. */
  constructor(fixed?: Clock) {
    this.#fixed = fixed;
  }

  /** What a script takes as the time: empty if it is to ask the server's clock. */
  get argument(): string {
    return this.#fixed === undefined ? "" : String(this.#fixed.now());
  }

  now(): number {
    if (this.#fixed !== undefined) return this.#fixed.now();
    return this.#ahead === undefined ? Date.now() : Math.round(performance.now() + this.#ahead);
  }

  /** Learns the server's time from an answer that has just come. */
  learn(time: number): void {
    this.#ahead = time - performance.now();
  }

  /** A time of this machine's clock, such as "in five seconds", as the server's. */
  fromMachine(time: number): number {
    return this.#fixed === undefined ? Math.round(time + this.now() - Date.now()) : time;
  }
}
