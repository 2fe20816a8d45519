/** What is written to. */
export interface WritableStandard {
  /** Writes some of the bytes; returns how many. */
  writeSync(bytes: Uint8Array): number;
}

const BUSY_MS = 2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Standard output, standard error or a log. Whoever reads it may go away, and what it leads to may be full: that ends what only
 * answers, and nothing else.
 */
export class StandardStream {
  readonly #to: WritableStandard;
  readonly #encoder = new TextEncoder();
  /** Nobody reads it any more. */
  #left = false;
  /** What was written last is the beginning of a text. */
  #torn = false;

  /** @param to Where it goes. */
  constructor(to: WritableStandard) {
    this.#to = to;
  }

  /**
   * Writes a text to its end.
   *
   * @returns What went wrong; `undefined`: nothing, or nobody reads it any more.
   */
  tell(text: string): Error | undefined {
    if (this.#left) return undefined;
    try {
      this.write(text);
      return undefined;
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) this.#left = true;
      else return error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  }

  /**
   * Writes a text to its end.
   *
   * @throws {Deno.errors.BrokenPipe} If nobody reads it any more.
   * @throws {Error} If it cannot be written for another reason.
   */
  write(text: string): void {
    const bytes = this.#encoder.encode(this.#torn ? `\n${text}` : text);
    for (let offset = 0; offset < bytes.length;) {
      try {
        offset += this.#to.writeSync(bytes.subarray(offset));
        this.#torn = offset < bytes.length;
      } catch (error) {
        // Another program has set the pipe so that nobody waits for its reader.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        Atomics.wait(sleeper, 0, 0, BUSY_MS);
      }
    }
  }
}
