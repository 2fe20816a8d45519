/** How {@linkcode AdmissionLimit} decides. */
export interface AdmissionOptions {
  /** Downloads at a time, at the most. */
  max: number;
  /** The load in percent above which less starts. */
  threshold: number;
}

const FIRST_LIMIT = 4;
/** How much the newest look weighs: a tenth of a second is only ten ticks of the kernel's clock. */
const NEWEST = 0.5;
const FEWER_AT_A_TIME = 0.8;
const FEWER_STARTS = 0.95;
/** How much further the valves open on an idle core; near the threshold the steps become small. */
const WIDEST_STEP = 2;
const SMALLEST_STEP = 0.05;
/** A look in which this many start is as good as unlimited. */
const NO_LIMIT = 10_000;

/**
 * What a core may start, by its live load. Two valves, because files differ: how many downloads run at a time, which
 * tells for long ones, and how many start between two looks, which tells for short ones. Below the threshold both
 * open, fast while they were never too wide. Above it the one that matters closes step by step: a gate that only knew open
 * and shut would make the core swing between full and idle. One download at a time, and one start a look, always remain.
 */
export class AdmissionLimit {
  readonly #max: number;
  readonly #threshold: number;
  #limit: number;
  #load: number;
  #slowStart = true;
  /** Starts that are allowed between two looks. */
  #budget: number;
  #started = 0;

  /**
   * @param options The bounds.
   * @param load The load now, in percent.
   */
  constructor(options: AdmissionOptions, load: number) {
    this.#max = options.max;
    this.#threshold = options.threshold;
    this.#load = load;
    const open = load <= options.threshold;
    this.#limit = open ? Math.min(FIRST_LIMIT, options.max) : 1;
    this.#budget = open ? NO_LIMIT : 1;
  }

  /** Downloads at a time, a whole number of at least 1. */
  get value(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** True if one more may start while this many run. */
  mayStart(active: number): boolean {
    return active < this.value && this.#started < Math.max(1, Math.floor(this.#budget));
  }

  /** A download has started. */
  started(): void {
    this.#started++;
  }

  /** A download has ended: small files need not wait for the next look to speed up. */
  completed(): void {
    if (this.#slowStart && this.#load <= this.#threshold) this.#limit = Math.min(this.#max, this.#limit + 1);
  }

  /** The load was read; begins the time to the next look. */
  sample(load: number, active: number): void {
    this.#load = this.#load * (1 - NEWEST) + load * NEWEST;
    const starts = this.#started;
    this.#started = 0;
    if (this.#load > this.#threshold) {
      this.#slowStart = false;
      this.#budget = Math.max(1, Math.min(this.#budget, starts) * FEWER_STARTS);
      // Short downloads end by themselves before the next look: fewer starts are enough, and keep the connections busy.
      if (starts < active) this.#limit = Math.max(1, Math.min(this.#limit, active) * FEWER_AT_A_TIME);
      return;
    }
    const room = (this.#threshold - this.#load) / this.#threshold;
    const step = 1 + Math.max(SMALLEST_STEP, WIDEST_STEP * room);
    // A valve that nobody reaches says nothing about what the core could bear.
    if (starts >= Math.floor(this.#budget)) this.#budget = Math.min(NO_LIMIT, this.#budget * step + 1);
    if (active >= this.value) this.#limit = Math.min(this.#max, this.#limit * step + 1);
  }
}
