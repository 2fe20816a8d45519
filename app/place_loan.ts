/**
 * The place that one worker lends to the one that runs suspects, where the downloads at a time of all workers are counted
 * together (`--jobs`): else there would be one more than the user allows.
 */
export class PlaceLoan {
  readonly #tell: (lend: boolean) => void;
  #free: PromiseWithResolvers<void> | undefined;

  /** @param tell Tells the lender whether it is to do without one of its places. */
  constructor(tell: (lend: boolean) => void) {
    this.#tell = tell;
  }

  /** Asks for the place; resolves once the lender has it free. */
  borrow(): Promise<void> {
    if (this.#free === undefined) {
      this.#free = Promise.withResolvers<void>();
      this.#tell(true);
    }
    return this.#free.promise;
  }

  /** The lender has the place free. */
  freed(): void {
    this.#free?.resolve();
  }

  /** Gives the place back, if there is one. */
  giveBack(): void {
    if (this.#free === undefined) return;
    this.#free = undefined;
    this.#tell(false);
  }

  /** Another thread takes the part of the lender: it has to know. */
  renew(): void {
    if (this.#free !== undefined) this.#tell(true);
  }
}
