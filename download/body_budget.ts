import type { Throttle } from "./throttle.ts";
import type { Watched } from "./watchdog.ts";

/** What comes together with the head of an answer, at the most. */
const MOST_AT_FIRST = 64 * 1024;
/**
 * What is paid for and has not come may come at any time: for all downloads of a worker together, that is worth no more than
 * so much time of the rate.
 */
const AHEAD_SECONDS = 0.1;
const SMALLEST_PIECE = 1024;
const LARGEST_PIECE = 256 * 1024;
/** How much one more answer tells of what the next one will bring at first. */
const WEIGHT = 0.2;

/** What the budgets of one worker know of each other. */
export class BudgetShare {
  #mean = MOST_AT_FIRST;
  /** How many downloads there are now. */
  active = 0;

  /** What answers have brought lately together with their heads: that much is paid for before one is asked for. */
  get firstBytes(): number {
    return Math.ceil(this.#mean);
  }

  /** An answer has brought so much at first. */
  learn(bytes: number): void {
    this.#mean += WEIGHT * (Math.min(bytes, MOST_AT_FIRST) - this.#mean);
  }
}

/**
 * The bandwidth of one download: paid for before the bytes are read, since those of many downloads that came first and were paid
 * for later would add up. What is left over at the end is given back.
 */
export class BodyBudget implements Disposable {
  readonly #common: Throttle | undefined;
  readonly #own: Throttle | undefined;
  readonly #watched: Watched;
  readonly #share: BudgetShare;
  /** Bytes that are paid for and have not come; below zero if more came than were paid for. */
  #credit = 0;
  #began = false;

  /**
   * @param common What all downloads pay to; absent: there is no such limit.
   * @param own What this one pays to besides; absent: there is no such limit.
   * @param share What the budgets of this worker share.
   * @param watched The attempt.
   */
  constructor(common: Throttle | undefined, own: Throttle | undefined, share: BudgetShare, watched: Watched) {
    this.#common = common;
    this.#own = own;
    this.#share = share;
    this.#watched = watched;
    share.active++;
  }

  /** Pays for what an answer brings at first; resolves when it may be asked for. */
  async begin(): Promise<void> {
    const second = Math.min(this.#common?.rate || Infinity, this.#own?.rate || Infinity);
    await this.#pay(Math.min(this.#share.firstBytes, Math.max(SMALLEST_PIECE, second)));
  }

  /** Pays for a body of this length that is read at once. */
  async whole(length: number): Promise<void> {
    if (length > this.#credit) await this.#pay(length - this.#credit);
  }

  /** How many bytes may be read next: at least one; a promise if that is not yet known. */
  room(): number | Promise<number> {
    const piece = this.#piece;
    if (this.#credit >= piece / 2) return this.#credit;
    const paid = this.#pay(piece - this.#credit);
    return paid === undefined ? this.#credit : paid.then(() => this.#credit);
  }

  /** So many bytes came. */
  spent(bytes: number): void {
    if (!this.#began) this.#share.learn(bytes);
    this.#began = true;
    this.#credit -= bytes;
  }

  /** A rate of 0 is no limit. */
  get #piece(): number {
    const common = (this.#common?.rate || Infinity) / this.#share.active;
    const worth = Math.min(common, this.#own?.rate || Infinity) * AHEAD_SECONDS;
    return Math.round(Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, worth)));
  }

  #pay(bytes: number): Promise<void> | undefined {
    const common = this.#common?.pass(bytes, this.#watched);
    const own = this.#own?.pass(bytes, this.#watched);
    if (common === undefined && own === undefined) {
      this.#credit += bytes;
      return undefined;
    }
    return Promise.all([common, own]).then(() => void (this.#credit += bytes));
  }

  /** Gives back what is left over. */
  [Symbol.dispose](): void {
    this.#share.active--;
    this.#common?.give(this.#credit);
    this.#own?.give(this.#credit);
    this.#credit = 0;
  }
}
