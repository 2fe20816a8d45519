import { createLogUpdate } from "log-update";
import process from "node:process";

/** The terminal: lines that stay, above a block that is drawn again and again. Both go to standard error. */
export class Terminal {
  readonly #update: ReturnType<typeof createLogUpdate> | undefined;
  readonly #encoder = new TextEncoder();
  #block = "";

  /** @param live Draw a block; only on a terminal. */
  constructor(live: boolean) {
    this.#update = live ? createLogUpdate(process.stderr) : undefined;
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
    this.#block = block;
    this.#update?.(block);
  }

  /** Leaves the block as it is, and the cursor below it. */
  done(): void {
    if (this.#block !== "") this.#update?.done();
    this.#block = "";
  }
}

/** Prints answers and events on standard output. */
export function print(text: string): void {
  writeAll(Deno.stdout, new TextEncoder().encode(`${text}\n`));
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += to.writeSync(bytes.subarray(offset));
}
