import type { Clock } from "../base/clock.ts";
import { SharedClock } from "./shared_clock.ts";

/** What may be caught up after idle time, in milliseconds. */
export const RATE_BURST_MS = 100;

/** The cells: when the memory was made (microseconds since the epoch), the rate, and what is spoken for. */
const BASE = 0;
const RATE = 1;
const SPOKEN = 2;
const CELLS = 3;

/** Time is counted in 1/64 ns since `BASE`: at 1 GiB/s a byte takes 60 of them, and 64 bits last for four years. */
const PER_MICROSECOND = 64_000n;
const PER_MS = 64_000_000;
const PER_SECOND = 64_000_000_000n;
const BURST = BigInt(RATE_BURST_MS * PER_MS);
const LATEST = 2n ** 63n - 1n;

/** A clock that goes back by more than this was set. */
const SET_BACK_MS = 50;

/**
 * Keeps all threads of a process together below a number of bytes per second. What they share is the time up to which the
 * bandwidth is spoken for: whoever takes bytes moves it on by what they cost, in one atomic step, and goes on when the
 * time before that step has come. Idle time is worth at most {@linkcode RATE_BURST_MS}. So in any stretch of time no more
 * passes than `rate * time`, that burst, and one piece; and no thread can hold up the others, wherever it is terminated.
 *
 * The waits of several callers add up: a piece should be small against the rate (up to a tenth of a second of it), or the
 * others wait for long. What a caller took and did not use it can give back.
 *
 * @example
 * ```ts
 * import { RateLimiter } from "./rate_limiter.ts";
 *
 * const limiter = RateLimiter.create(1_000_000, { now: () => 0 });
 * limiter.take(50_000); // 0: goes on at once
 * limiter.take(50_000); // 50: when the first piece is paid for
 * ```
 */
export class RateLimiter {
  /** The memory itself; post it to a Worker to share it. */
  readonly buffer: SharedArrayBuffer;
  readonly #cells: BigInt64Array<SharedArrayBuffer>;
  readonly #clock: Clock;
  readonly #base: bigint;
  #last = -Infinity;

  private constructor(buffer: SharedArrayBuffer, clock: Clock) {
    this.buffer = buffer;
    this.#cells = new BigInt64Array(buffer, 0, CELLS);
    this.#clock = clock;
    this.#base = Atomics.load(this.#cells, BASE);
  }

  /**
   * Makes a limiter.
   *
   * @param bytesPerSecond The rate of all threads together, a whole number; 0 is no limit.
   * @param clock Where the time comes from. Default: a {@linkcode SharedClock}.
   * @throws {RangeError} If the rate is not a whole number of at least 0.
   */
  static create(bytesPerSecond: number, clock: Clock = new SharedClock()): RateLimiter {
    const rate = checkRate(bytesPerSecond);
    const buffer = new SharedArrayBuffer(CELLS * BigInt64Array.BYTES_PER_ELEMENT);
    const cells = new BigInt64Array(buffer);
    cells[BASE] = toMicroseconds(clock.now());
    cells[RATE] = rate;
    return new RateLimiter(buffer, clock);
  }

  /**
   * Takes part in a limiter that another thread made.
   *
   * @param buffer Its memory.
   * @param clock Where the time comes from; it must agree with that of the others. Default: a {@linkcode SharedClock}.
   */
  static attach(buffer: SharedArrayBuffer, clock: Clock = new SharedClock()): RateLimiter {
    return new RateLimiter(buffer, clock);
  }

  /** The rate in bytes per second; 0 is no limit. */
  get rate(): number {
    return Number(Atomics.load(this.#cells, RATE));
  }

  /**
   * Changes the rate for all threads, from the next piece on. What is spoken for and still to come is converted to the
   * new rate; who waits already is not woken.
   *
   * @param bytesPerSecond A whole number; 0 is no limit.
   * @throws {RangeError} If it is not a whole number of at least 0.
   */
  setRate(bytesPerSecond: number): void {
    const rate = checkRate(bytesPerSecond);
    const before = Atomics.exchange(this.#cells, RATE, rate);
    this.#rescale(this.#now(), before, rate);
  }

  /**
   * Takes bandwidth for a piece, which cannot be undone.
   *
   * @param bytes The size of the piece, a whole number.
   * @returns How many milliseconds to wait before going on, with fractions; 0 is not at all. Waiting for longer, as timers
   * do, loses nothing up to the burst.
   */
  take(bytes: number): number {
    const rate = Atomics.load(this.#cells, RATE);
    if (rate === 0n || !(bytes > 0)) return 0;
    const cost = (BigInt(bytes) * PER_SECOND + rate - 1n) / rate;
    const now = this.#now();
    let seen = Atomics.load(this.#cells, SPOKEN);
    while (true) {
      const start = seen > now - BURST ? seen : now - BURST;
      const end = start + cost;
      const found = Atomics.compareExchange(this.#cells, SPOKEN, seen, end < LATEST ? end : LATEST);
      if (found === seen) return start > now ? Number(start - now) / PER_MS : 0;
      seen = found;
    }
  }

  /**
   * Gives bandwidth back that was taken and not used. Who waits already is not woken for it.
   *
   * @param bytes How much, at most as much as was taken.
   */
  give(bytes: number): void {
    const rate = Atomics.load(this.#cells, RATE);
    // Rounded down where taking rounds up: what is given back was never more than what was taken.
    if (rate > 0n && bytes > 0) Atomics.sub(this.#cells, SPOKEN, BigInt(bytes) * PER_SECOND / rate);
  }

  /** The time in 1/64 ns since the memory was made. */
  #now(): bigint {
    const ms = this.#clock.now();
    const now = (toMicroseconds(ms) - this.#base) * PER_MICROSECOND;
    // What is spoken for was counted by the clock as it was: everybody would wait until the time comes again.
    if (ms < this.#last - SET_BACK_MS) this.#rescale(now, 0n, 1n);
    this.#last = ms;
    return now;
  }

  /** Converts what is spoken for beyond now from one rate to another; from or to no limit, nothing is left of it. */
  #rescale(now: bigint, before: bigint, after: bigint): void {
    let seen = Atomics.load(this.#cells, SPOKEN);
    while (seen > now) {
      const end = now + (after === 0n ? 0n : (seen - now) * before / after);
      const found = Atomics.compareExchange(this.#cells, SPOKEN, seen, end < LATEST ? end : LATEST);
      if (found === seen) return;
      seen = found;
    }
  }
}

function toMicroseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000));
}

function checkRate(bytesPerSecond: number): bigint {
  if (Number.isSafeInteger(bytesPerSecond) && bytesPerSecond >= 0) return BigInt(bytesPerSecond);
  throw new RangeError(
    `Cannot limit the rate as bytes per second must be a whole number of at least 0: current value is ${bytesPerSecond}`,
  );
}
