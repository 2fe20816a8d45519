import type { RateLimiter } from "./rate_limiter.ts";
import type { Watched } from "./watchdog.ts";

/** Waits are cut into pieces of this length, so that an abort is soon heard and the watch sees that all is well. */
const LONGEST_SLEEP_MS = 250;

/**
 * Holds the downloads of one worker to the rate that all workers share. They wait one after the other: only the first in
 * the queue has taken bandwidth for a time to come, so what is given back meanwhile serves the next.
 */
export class Throttle {
  readonly #limiter: RateLimiter;
  /** Who waits for a turn; the first one has it. */
  readonly #queue: PromiseWithResolvers<void>[] = [];

  /** @param limiter What all workers share. */
  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /** Bytes a second. */
  get rate(): number {
    return this.#limiter.rate;
  }

  /**
   * Takes bandwidth.
   *
   * @param bytes How much.
   * @param watched The attempt: it is not stalled while it waits here, and an abort ends the wait.
   * @returns Resolves when so many bytes may come; undefined if that is at once.
   * @throws The reason of the abort; then nothing is taken.
   */
  pass(bytes: number, watched: Watched): Promise<void> | undefined {
    if (this.#queue.length > 0) return this.#wait(bytes, watched);
    const wait = this.#limiter.take(bytes);
    return wait > 0 ? this.#wait(bytes, watched, wait) : undefined;
  }

  /** Gives back what was taken and is not needed. */
  give(bytes: number): void {
    this.#limiter.give(bytes);
  }

  async #wait(bytes: number, watched: Watched, taken?: number): Promise<void> {
    const turn = Promise.withResolvers<void>();
    this.#queue.push(turn);
    let wait = taken;
    try {
      while (this.#queue[0] !== turn) await this.#sleep(LONGEST_SLEEP_MS, watched, turn.promise);
      wait ??= this.#limiter.take(bytes);
      const end = performance.now() + wait;
      for (let left = wait; left > 0; left = end - performance.now()) {
        await this.#sleep(Math.min(left, LONGEST_SLEEP_MS), watched);
      }
    } catch (error) {
      if (wait !== undefined) this.#limiter.give(bytes);
      throw error;
    } finally {
      this.#queue.splice(this.#queue.indexOf(turn), 1);
      this.#queue[0]?.resolve();
    }
  }

  async #sleep(ms: number, watched: Watched, sooner?: Promise<void>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await (sooner === undefined ? over : Promise.race([over, sooner]));
    clearTimeout(timer);
    watched.signal.throwIfAborted();
    watched.rest();
  }
}
