import { findPython } from "./measure.ts";

const SCRIPT = `${import.meta.dirname}/neighbour.py`;
const SETTLE_MS = 500;
const ALONE_MS = 3000;
const LOOK_MS = 10;

/** Programs that would like to have a core each, beside the tools that are measured. */
export class Neighbours implements AsyncDisposable {
  readonly #files: readonly string[];
  readonly #children: readonly Deno.ChildProcess[];
  /** Rounds in a millisecond with nothing beside. */
  #alone = 0;

  private constructor(files: readonly string[], children: readonly Deno.ChildProcess[]) {
    this.#files = files;
    this.#children = children;
  }

  /**
   * Starts them, and measures what they get done alone.
   *
   * @param count How many.
   * @param folder Where their counters go.
   * @throws {Error} If one of them ends.
   */
  static async start(count: number, folder: string): Promise<Neighbours> {
    const python = await findPython();
    const files = Array.from({ length: count }, (_, i) => `${folder}/neighbour-${i}`);
    const children = files.map((file) =>
      new Deno.Command(python, { args: ["-I", "-S", SCRIPT, file], stdin: "null" }).spawn()
    );
    const neighbours = new Neighbours(files, children);
    try {
      for (const child of children) {
        void child.status.then(({ code }) => neighbours.#ended ||= `a neighbour ended with exit code ${code}`);
      }
      while (!neighbours.#all()) {
        if (neighbours.#ended !== undefined) throw new Error(neighbours.#ended);
        await sleep(LOOK_MS);
      }
      await sleep(SETTLE_MS);
      const done = neighbours.watch();
      await sleep(ALONE_MS);
      neighbours.#alone = done();
      return neighbours;
    } catch (error) {
      await neighbours[Symbol.asyncDispose]();
      throw error;
    }
  }

  #ended: string | undefined;

  /**
   * Begins to look at them.
   *
   * @returns Says how much they got done since, compared with what they get done alone: 1 if nothing is in their way.
   */
  watch(): () => number {
    const start = performance.now();
    const before = this.#rounds();
    return () => {
      const rate = (this.#rounds() - before) / (performance.now() - start);
      return this.#alone === 0 ? rate : rate / this.#alone;
    };
  }

  #all(): boolean {
    return this.#files.every((file) => {
      try {
        return count(file) > 0;
      } catch {
        return false;
      }
    });
  }

  #rounds(): number {
    if (this.#ended !== undefined) throw new Error(this.#ended);
    return this.#files.reduce((sum, file) => sum + count(file), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
    }
  }
}

function count(file: string): number {
  const bytes = Deno.readFileSync(file);
  return bytes.length < 8 ? 0 : Number(new BigUint64Array(bytes.buffer, 0, 1)[0]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
