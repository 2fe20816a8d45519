import { standardError } from "./standard_streams.ts";

type Update = ReturnType<typeof import("log-update").createLogUpdate>;

const LEAST_WIDTH = 80;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** The terminal: lines that stay, above a block that is drawn again and again. Both go to standard error. */
export class Terminal {
  readonly #update: Update | undefined;
  readonly #columns: () => number | undefined;
  #block = "";
  #lines = "";
  #isLent = false;

  /**
   * @param update Draws the block; absent: there is none.
   * @param columns Tells how wide the terminal is, if it is known.
   */
  constructor(update?: Update, columns: () => number | undefined = () => undefined) {
    this.#update = update;
    this.#columns = columns;
  }

  /**
   * Takes the terminal over. What draws is loaded only then: it takes longer than all the rest of the start.
   *
   * @param live Draw a block; only on a terminal.
   */
  static async open(live: boolean): Promise<Terminal> {
    if (!live) return new Terminal();
    const [{ createLogUpdate }, { default: process }] = await Promise.all([
      import("log-update"),
      import("node:process"),
    ]);
    // It would hide the cursor by a package that answers the first SIGINT with a second one.
    const { stderr } = process;
    // Its own stream would end the process when the terminal is gone.
    const stream = {
      write: (text: string) => {
        standardError.queue(text);
        return true;
      },
      get columns() {
        return stderr.columns;
      },
      get rows() {
        return stderr.rows;
      },
      isTTY: stderr.isTTY,
    };
    return new Terminal(createLogUpdate(stream as typeof stderr, { showCursor: true }), () => stderr.columns);
  }

  /** True if it draws a block. */
  get live(): boolean {
    return this.#update !== undefined;
  }

  /** How many columns it has now; where nobody knows, those that every terminal has. */
  get width(): number {
    return this.#columns() || LEAST_WIDTH;
  }

  /** Prints a line that stays; those that come in the same turn of the event loop share one write. */
  line(text: string): void {
    if (this.#lines === "") queueMicrotask(() => this.#flush());
    this.#lines += `${text}\n`;
  }

  /**
   * Lets somebody else have the terminal: nothing is printed before that is over.
   *
   * @param use What has it.
   */
  async lend<T>(use: () => Promise<T>): Promise<T> {
    this.#flush();
    if (this.#update !== undefined && this.#block !== "") {
      this.#update.clear();
      standardError.queue(SHOW_CURSOR);
    }
    this.#isLent = true;
    try {
      return await use();
    } finally {
      this.#isLent = false;
      this.#flush();
      if (this.#update !== undefined && this.#block !== "") {
        standardError.queue(HIDE_CURSOR);
        this.#update(this.#block);
      }
    }
  }

  #flush(): void {
    if (this.#lines === "" || this.#isLent) return;
    const lines = this.#lines;
    this.#lines = "";
    if (this.#update !== undefined && this.#block !== "") this.#update.clear();
    standardError.queue(lines);
    if (this.#update !== undefined && this.#block !== "") this.#update(this.#block);
  }

  /** Draws the block. */
  draw(block: string): void {
    if (this.#update === undefined) return;
    if (this.#isLent) {
      this.#block = block;
      return;
    }
    if (this.#block === "") standardError.queue(HIDE_CURSOR);
    this.#block = block;
    this.#update(block);
  }

  /** Leaves the block as it is, and the cursor below it; what is said is queued then. */
  done(): void {
    this.#isLent = false;
    this.#flush();
    if (this.#update === undefined || this.#block === "") return;
    this.#update.done();
    this.#block = "";
    standardError.queue(SHOW_CURSOR);
  }
}
