/** What is written to. */
export interface WritableStandard {
  /** Writes some of the bytes; returns how many. */
  writeSync(bytes: Uint8Array): number;
  /** The same, while the thread goes on. */
  write(bytes: Uint8Array): Promise<number>;
}

const BUSY_MS = 2;
/** So many characters wait for a reader that does not read; what comes then is left out. */
const MOST_WAITING = 1024 * 1024;
/** And so many before whoever can wait does. */
const MANY_WAITING = 64 * 1024;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Standard output, standard error or a log. Whoever reads it may go away or not read, and what it leads to may be full: that ends
 * or holds up what only answers, and nothing else.
 */
export class StandardStream {
  readonly #to: WritableStandard;
  readonly #failed: (error: Error) => void;
  readonly #encoder = new TextEncoder();
  /** Nobody reads it any more. */
  #left = false;
  /** What was written last is the beginning of a text. */
  #torn = false;
  #waiting = "";
  #lost = 0;
  #writing: Promise<void> | undefined;

  /**
   * @param to Where it goes.
   * @param failed Told why what was queued could not be written. Default: nobody is.
   */
  constructor(to: WritableStandard, failed: (error: Error) => void = () => {}) {
    this.#to = to;
    this.#failed = failed;
  }

  /** True while something waits for its reader. */
  get busy(): boolean {
    return this.#writing !== undefined;
  }

  /** True if the reader is behind by so much that whoever can wait for it should. */
  get isBehind(): boolean {
    return this.#waiting.length > MANY_WAITING;
  }

  /** Writes a text in its turn, while the thread goes on. Where a reader is too far behind, the text is left out. */
  queue(text: string): void {
    if (this.#left) return;
    if (this.#waiting.length + text.length > MOST_WAITING) this.#lost++;
    else this.#waiting += text;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when what was queued is written, or cannot be. */
  async drained(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Writes a text to its end; what cannot be written is lost. */
  tell(text: string): void {
    if (this.#left) return;
    try {
      this.write(text);
    } catch (error) {
      this.#give(error);
    }
  }

  /**
   * Writes a text to its end.
   *
   * @throws {Deno.errors.BrokenPipe} If nobody reads it any more.
   * @throws {Error} If it cannot be written for another reason.
   */
  write(text: string): void {
    const bytes = this.#bytesOf(text);
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

  async #writeAll(): Promise<void> {
    while (!this.#left && (this.#waiting !== "" || this.#lost > 0)) {
      const text = this.#waiting === "" ? leftOut(this.#lost) : this.#waiting;
      if (this.#waiting === "") this.#lost = 0;
      this.#waiting = "";
      const bytes = this.#bytesOf(text);
      try {
        for (let offset = 0; offset < bytes.length;) {
          offset += await this.#writeSome(bytes.subarray(offset));
          this.#torn = offset < bytes.length;
        }
      } catch (error) {
        this.#give(error);
      }
    }
    // At once: what is queued from now on would find nobody who writes it.
    this.#writing = undefined;
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    while (true) {
      try {
        return await this.#to.write(bytes);
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      }
    }
  }

  /** After a text that was written in part only, the next one begins in a line of its own. */
  #bytesOf(text: string): Uint8Array {
    return this.#encoder.encode(this.#torn ? `\n${text}` : text);
  }

  #give(error: unknown): void {
    if (error instanceof Deno.errors.BrokenPipe) this.#left = true;
    else this.#failed(error instanceof Error ? error : new Error(String(error)));
  }
}

function leftOut(count: number): string {
  return `${count} ${count === 1 ? "message was" : "messages were"} left out here, as nobody read so far\n`;
}
