/** How long ago counts as lately, in milliseconds. */
const LATELY_MS = 3000;

/**
 * How fast something grows, lately. Looks in any rhythm, by several readers, give the same: what a look weighs goes by the time
 * since the one before.
 */
export class RateMeter {
  #at: number;
  #value: number;
  /** The rate, before it is divided by how much was looked at: at the beginning it is the mean since then. */
  #sum = 0;
  #weight = 0;

  /**
   * @param value What it is at the beginning.
   * @param at When that was, in milliseconds.
   */
  constructor(value: number, at: number) {
    this.#value = value;
    this.#at = at;
  }

  /**
   * Looks.
   *
   * @param value What it is now.
   * @param at In milliseconds, by the same clock.
   * @returns How much it grows in a second.
   */
  read(value: number, at: number): number {
    const ms = at - this.#at;
    if (ms > 0) {
      const weight = 1 - Math.exp(-ms / LATELY_MS);
      this.#sum += (Math.max(0, value - this.#value) / ms * 1000 - this.#sum) * weight;
      this.#weight += (1 - this.#weight) * weight;
      this.#at = at;
      this.#value = value;
    }
    return this.#weight === 0 ? 0 : this.#sum / this.#weight;
  }
}
