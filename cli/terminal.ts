import { createLogUpdate } from "log-update";
import process from "node:process";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** The terminal: lines that stay, above a block that is drawn again and again. Both go to standard error. */
export class Terminal {
  readonly #update: ReturnType<typeof createLogUpdate> | undefined;
  readonly #encoder = new TextEncoder();
  #block = "";

  /** @param live Draw a block; only on a terminal. */
  constructor(live: boolean) {
    // It would hide the cursor by a package that answers the first SIGINT with a second one.
    this.#update = live ? createLogUpdate(process.stderr, { showCursor: true }) : undefined;
  }

  /** True if it draws a block. */
  get live(): boolean {
    return this.#update !== undefined;
  }

  /** Prints a line that stays. */
  line(text: string): void {
    if (this.#update !== undefined && this.#block !== "") this.#update.clear();
    writeAll(Deno.stderr, this.#encoder.encode(`${text}\n`));
    if (this.#update !== undefined && this.#block !== "") this.#update(this.#block);
  }

  /** Draws the block. */
  draw(block: string): void {
    if (this.#update === undefined) return;
    if (this.#block === "") writeAll(Deno.stderr, this.#encoder.encode(HIDE_CURSOR));
    this.#block = block;
    this.#update(block);
  }

  /** Leaves the block as it is, and the cursor below it. */
  done(): void {
    if (this.#update === undefined || this.#block === "") return;
    this.#update.done();
    this.#block = "";
    writeAll(Deno.stderr, this.#encoder.encode(SHOW_CURSOR));
  }
}

/** Prints answers and events on standard output. */
export function print(text: string): void {
  writeAll(Deno.stdout, new TextEncoder().encode(`${text}\n`));
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += to.writeSync(bytes.subarray(offset));
}
