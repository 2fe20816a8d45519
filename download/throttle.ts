import type { RateLimiter } from "./rate_limiter.ts";
import type { Watched } from "./watchdog.ts";

/** Waits are cut into pieces of this length, so that an abort is soon heard and the watch sees that all is well. */
const LONGEST_SLEEP_MS = 250;

/** Holds the bodies of one worker to the rate that all workers share. */
export class Throttle {
  readonly #limiter: RateLimiter;

  /** @param limiter What all workers share. */
  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /**
   * Takes the bandwidth for a piece.
   *
   * @param bytes The size of the piece.
   * @param watched The attempt: it is not stalled while it waits here, and an abort ends the wait.
   * @returns Resolves when the next piece may come; undefined if that is at once.
   * @throws The reason of the abort.
   */
  pass(bytes: number, watched: Watched): Promise<void> | undefined {
    const wait = this.#limiter.take(bytes);
    return wait > 0 ? this.#sleep(wait, watched) : undefined;
  }

  async #sleep(wait: number, watched: Watched): Promise<void> {
    const end = performance.now() + wait;
    for (let left = wait; left > 0; left = end - performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, LONGEST_SLEEP_MS)));
      watched.signal.throwIfAborted();
      watched.rest();
    }
  }
}
