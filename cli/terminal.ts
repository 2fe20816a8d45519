import { standardError } from "./standard_streams.ts";

type Update = ReturnType<typeof import("log-update").createLogUpdate>;

const LEAST_COLUMNS = 80;
const LEAST_ROWS = 24;
const HIDE_CURSOR = "\u001b[?25l";
const ERASE_BELOW = "\u001b[J";
const SHOW_CURSOR = "\u001b[?25h";

/** What a terminal that can draw tells of itself. */
export interface TerminalPorts {
  /** Draws the block. */
  update: Update;
  /** How wide a line is, as it is shown. */
  widthOf: (line: string) => number;
  /** How large it is now, as far as that is known. */
  size: () => { columns: number | undefined; rows: number | undefined };
  /** It has colours, and the user wants them. */
  colors: boolean;
}

/** The terminal: lines that stay, above a block that is drawn again and again. Both go to standard error. */
export class Terminal {
  readonly #ports: TerminalPorts | undefined;
  readonly #update: Update | undefined;
  #block = "";
  /** How wide the terminal was when the block was drawn. */
  #drawnColumns = 0;
  #lines = "";
  #isLent = false;

  /** @param ports What draws the block; absent: there is none. */
  constructor(ports?: TerminalPorts) {
    this.#ports = ports;
    this.#update = ports?.update;
  }

  /**
   * Takes the terminal over. What draws is loaded only then: it takes longer than all the rest of the start.
   *
   * @param live Draw a block; only on a terminal.
   */
  static async open(live: boolean): Promise<Terminal> {
    if (!live) return new Terminal();
    const [{ createLogUpdate }, { default: widthOf }, { default: process }] = await Promise.all([
      import("log-update"),
      import("string-width"),
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
    return new Terminal({
      update: createLogUpdate(stream as typeof stderr, { showCursor: true }),
      widthOf,
      size: () => ({ columns: stderr.columns, rows: stderr.rows }),
      // NO_COLOR and TERM are looked at there.
      colors: stderr.isTTY && stderr.hasColors(),
    });
  }

  /** True if it draws a block. */
  get live(): boolean {
    return this.#update !== undefined;
  }

  /** True if it has colours, and the user wants them. */
  get colors(): boolean {
    return this.#ports?.colors === true;
  }

  /** How large it is now; where nobody knows, as large as every terminal is. */
  get room(): { columns: number; rows: number } {
    const { columns, rows } = this.#ports?.size() ?? {};
    return { columns: columns || LEAST_COLUMNS, rows: rows || LEAST_ROWS };
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
      this.#clear();
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
        this.#show(this.#block);
      }
    }
  }

  #flush(): void {
    if (this.#lines === "" || this.#isLent) return;
    const lines = this.#lines;
    this.#lines = "";
    if (this.#block !== "") this.#clear();
    standardError.queue(lines);
    if (this.#block !== "") this.#show(this.#block);
  }

  /** Takes the block away. */
  #clear(): void {
    if (!this.#forgetWrapped()) this.#update?.clear();
    this.#drawnColumns = 0;
  }

  #show(block: string): void {
    this.#forgetWrapped();
    this.#update?.(block);
    this.#drawnColumns = this.room.columns;
  }

  /** A terminal that got narrower has broken the lines of the block into more: takes away all of them. */
  #forgetWrapped(): boolean {
    const { columns } = this.room;
    if (this.#drawnColumns <= columns) return false;
    this.#drawnColumns = 0;
    const rows = this.#block.split("\n")
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(this.#ports!.widthOf(line) / columns)), 0);
    this.#update?.done();
    standardError.queue(`\r\u001b[${rows}A${ERASE_BELOW}`);
    return true;
  }

  /** Draws the block. */
  draw(block: string): void {
    if (this.#update === undefined) return;
    if (this.#isLent) {
      this.#block = block;
      return;
    }
    if (this.#block === "") standardError.queue(HIDE_CURSOR);
    // What is drawn now is needed to take it away.
    this.#forgetWrapped();
    this.#block = block;
    this.#show(block);
  }

  /** Leaves the block as it is, and the cursor below it; what is said is queued then. */
  done(): void {
    this.#isLent = false;
    this.#flush();
    if (this.#update === undefined || this.#block === "") return;
    this.#update.done();
    this.#block = "";
    this.#drawnColumns = 0;
    standardError.queue(SHOW_CURSOR);
  }
}
