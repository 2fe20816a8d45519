/** The wish that a run ends, by a call or by a signal. */
export class StopRequest implements Disposable {
  readonly #asked = Promise.withResolvers<number>();
  readonly #signals: readonly AbortSignal[];
  readonly #onAbort: () => void;

  /**
   * @param graceMs How long running downloads may go on after a signal.
   * @param signals End the run when they are aborted; one that is already ends it at once.
   */
  constructor(graceMs: number, signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined);
    this.#onAbort = () => this.ask(graceMs);
    for (const signal of this.#signals) {
      if (signal.aborted) this.#onAbort();
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  /** Resolves once the end is asked for, with how long running downloads may go on, in milliseconds. */
  get asked(): Promise<number> {
    return this.#asked.promise;
  }

  /** Asks for the end; only the first one counts. */
  ask(graceMs: number): void {
    this.#asked.resolve(graceMs);
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#onAbort);
  }
}
