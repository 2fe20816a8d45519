/** How {@linkcode AdmissionLimit} decides. */
export interface AdmissionOptions {
  /** Downloads at a time, at the most. */
  max: number;
  /** The load in percent above which nothing new starts. */
  threshold: number;
}

const FIRST_LIMIT = 4;
/** A small step back: the load of a core answers within a few looks, and a large one would make it swing. */
const BACK_OFF = 0.8;

/**
 * How many downloads a core may have at a time, by its live load. Below the threshold the limit rises, fast while it has
 * never been too high; above it the limit falls under what is running now, so nothing new starts, and never under 1.
 */
export class AdmissionLimit {
  readonly #max: number;
  readonly #threshold: number;
  #limit: number;
  #open: boolean;
  #slowStart = true;

  /**
   * @param options The bounds.
   * @param load The load now, in percent.
   */
  constructor(options: AdmissionOptions, load: number) {
    this.#max = options.max;
    this.#threshold = options.threshold;
    this.#open = load <= options.threshold;
    this.#limit = this.#open ? Math.min(FIRST_LIMIT, options.max) : 1;
  }

  /** Downloads at a time, a whole number of at least 1. */
  get value(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** The load was read. */
  sample(load: number, active: number): void {
    this.#open = load <= this.#threshold;
    if (!this.#open) {
      this.#slowStart = false;
      this.#limit = Math.max(1, Math.min(this.#limit, active) * BACK_OFF);
    } else if (active >= this.value) {
      // A limit that nobody reaches says nothing about what the core could bear.
      this.#limit = Math.min(this.#max, this.#slowStart ? this.#limit * 2 : this.#limit + 1 + this.#limit / 8);
    }
  }

  /** A download has ended: small files need not wait for the next look to speed up. */
  completed(): void {
    if (this.#open && this.#slowStart) this.#limit = Math.min(this.#max, this.#limit + 1);
  }
}
