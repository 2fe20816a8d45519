/** Looks at the lock before the thread sleeps between them. */
const SPINS = 100;
const SLEEP_MS = 0.1;
/** Sleeps beside one and the same hold before it is taken over: at least a second in which this thread ran. */
const PATIENCE = 10_000;

/** The highest owner of a {@linkcode SharedLock}. */
export const MAX_LOCK_OWNER = 0xffff;

/**
 * A lock between threads in one 32-bit cell, for a few hundred nanoseconds at a time.
 *
 * A thread can die while it holds the lock. Whoever looks after the threads says so with {@linkcode free}. If nobody does,
 * a waiting thread takes the lock over after at least a second beside the same hold. It counts sleeps, not time, so that a
 * process that was stopped and continued does not look like a dead thread. The holder may be alive after all: so what the
 * lock guards must bear two writers, which compare and exchange and never just store; the lock makes that rare.
 */
export class SharedLock {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #index: number;
  readonly #owner: number;
  #ticket = 0;

  /**
   * @param cells The shared memory; 0 is an open lock.
   * @param index The cell.
   * @param owner Who locks: from 1 to {@linkcode MAX_LOCK_OWNER}, and a different one for each thread.
   */
  constructor(cells: Int32Array<SharedArrayBuffer>, index: number, owner: number) {
    this.#cells = cells;
    this.#index = index;
    this.#owner = owner;
  }

  /** Waits for the lock, and blocks the thread meanwhile. Gives what {@linkcode unlock} wants. */
  lock(): number {
    // A ticket tells one hold from the next of the same thread.
    this.#ticket = (this.#ticket + 1) & 0xffff;
    const hold = (this.#owner << 16) | this.#ticket;
    let seen = 0;
    let sleeps = 0;
    for (let looks = 0;; looks++) {
      const expected = sleeps > PATIENCE ? seen : 0;
      const found = Atomics.compareExchange(this.#cells, this.#index, expected, hold);
      if (found === expected) return hold;
      if (found !== seen) sleeps = 0;
      seen = found;
      if (looks < SPINS || seen === 0) continue;
      Atomics.wait(this.#cells, this.#index, seen, SLEEP_MS);
      sleeps++;
    }
  }

  /** Opens the lock, unless it was taken over. */
  unlock(hold: number): void {
    Atomics.compareExchange(this.#cells, this.#index, hold, 0);
  }

  /** Opens the lock if a thread holds it that is dead. */
  free(owner: number): void {
    const hold = Atomics.load(this.#cells, this.#index);
    if (hold >>> 16 === owner) this.unlock(hold);
  }
}
