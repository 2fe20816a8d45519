/** How {@linkcode AdmissionLimit} decides. */
export interface AdmissionOptions {
  /** Downloads at a time, at the most. */
  max: number;
  /** The load in percent above which less starts. */
  threshold: number;
}

const FIRST_LIMIT = 4;
/** A tenth of a second is only ten ticks of the kernel's clock: several looks make one judgement. */
const LOOKS = 3;
const FEWER_AT_A_TIME = 0.8;
/** How much further the valves open on an idle core; near the threshold the steps become small. */
const WIDEST_STEP = 2;
const SMALLEST_STEP = 0.05;
/** A look in which this many start is as good as unlimited. */
const NO_LIMIT = 10_000;
/** The part of the threshold that is left to a worker, however much others use. */
const LEAST_SHARE = 0.1;

/**
 * What a core may start, by its live load. Two valves, because files differ: how many downloads run at a time, which
 * tells for long ones, and how many start between two looks, which tells for short ones. Below the threshold both
 * open, fast while they were never too wide. Above it the one that matters closes in the measure in which the load is too
 * high, and what that brought is judged before it moves again: a gate that only knew open and shut would make the core swing
 * between full and idle. One download at a time, and one start a look, always remain.
 *
 * A worker is judged by its own part of the load: it gives way to others until a tenth of the threshold is left to it, and
 * there it stays. Downloads that cost next to nothing, from slow servers, would else be held up for nobody's good.
 */
export class AdmissionLimit {
  readonly #max: number;
  readonly #threshold: number;
  #limit: number;
  /** True if the last judgement, or the first look, found room. */
  #room: boolean;
  #looks = 0;
  #loads = 0;
  #owns = 0;
  #starts = 0;
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
    const open = this.#room = load <= options.threshold;
    this.#limit = open ? Math.min(FIRST_LIMIT, options.max) : 1;
    this.#budget = open ? NO_LIMIT : 1;
  }

  /** Downloads at a time, at the most, however idle the core is. */
  get max(): number {
    return this.#max;
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
    if (this.#slowStart && this.#room) this.#limit = Math.min(this.#max, this.#limit + 1);
  }

  /**
   * The load was read; begins the time to the next look.
   *
   * @param load Of the core, in percent.
   * @param active How many downloads run.
   * @param own This worker's part of the load. @default {load}
   */
  sample(load: number, active: number, own = load): void {
    this.#looks++;
    this.#loads += load;
    this.#owns += Math.min(own, load);
    this.#starts += this.#started;
    this.#started = 0;
    const mean = this.#loads / this.#looks;
    const mine = this.#owns / this.#looks;
    const share = Math.max(this.#threshold * LEAST_SHARE, this.#threshold - (mean - mine));
    this.#room = mine <= share;
    if (this.#looks < LOOKS && !(this.#room && this.#slowStart)) return;
    // The load at the start was in part our own start: the first quiet judgement opens what that kept shut.
    if (this.#room && this.#slowStart && this.#budget === 1) {
      this.#budget = NO_LIMIT;
      this.#limit = Math.min(FIRST_LIMIT, this.#max);
    }
    const starts = this.#starts / this.#looks;
    this.#looks = this.#starts = 0;
    this.#loads = this.#owns = 0;
    // What a server on the same machine uses follows what starts here, so the whole load tells better how far to go.
    const rest = mean <= this.#threshold ? 1 - mean / this.#threshold : 1 - mine / share;
    if (this.#room) this.#open(starts, active, rest);
    else this.#close(starts, active, Math.max(this.#threshold / mean, share / mine));
  }

  #close(starts: number, active: number, measure: number): void {
    this.#slowStart = false;
    this.#budget = Math.max(1, Math.min(this.#budget, starts) * measure);
    // Short downloads end by themselves before the next look: fewer starts are enough, and keep the connections busy.
    if (starts >= active) return;
    this.#limit = Math.max(1, Math.min(this.#limit, active) * Math.min(measure, FEWER_AT_A_TIME));
  }

  #open(starts: number, active: number, room: number): void {
    const step = 1 + Math.max(SMALLEST_STEP, WIDEST_STEP * room);
    // A valve that nobody reaches says nothing about what the core could bear.
    if (starts >= Math.floor(this.#budget)) this.#budget = Math.min(NO_LIMIT, this.#budget * step + 1);
    if (active >= this.value) this.#limit = Math.min(this.#max, this.#limit * step + 1);
  }
}
