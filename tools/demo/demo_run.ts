import { fromFileUrl } from "@std/path";

/** What `--json` prints at the end of a run. */
export interface DemoSummary {
  done: number;
  failed: number;
  retried: number;
  bytes: number;
  ms: number;
  cores: { core: number; done: number; failed: number; retried: number; bytes: number }[];
  counts: Record<string, number>;
}

/** A task that is settled. */
export interface DemoOutcome {
  type: "task_done" | "task_failed";
  url: string;
  out: string;
  error?: { message: string };
}

interface DemoEvent {
  type: string;
  [key: string]: unknown;
}

/**
 * The real command line as a child: its screen and its log go to the terminal of this process, its events come here.
 */
export class DemoRun {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #changed = Promise.withResolvers<void>();
  #over = false;

  /** The outcome of each settled url. */
  readonly outcomes: Map<string, DemoOutcome> = new Map();
  /** The end of the run, once it has come. */
  summary: DemoSummary | undefined;

  /**
   * @param args What follows `corehaul run`.
   * @param cwd Where it runs.
   */
  constructor(args: readonly string[], cwd: string) {
    const cli = fromFileUrl(new URL("../../cli.ts", import.meta.url));
    const progress = Deno.stderr.isTerminal() ? "bar" : "plain";
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", cli, "run", ...args, "--json", "--progress", progress],
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  /** Resolves when that many tasks are settled, or the process has ended before. */
  async settled(count: number): Promise<void> {
    while (this.outcomes.size < count && !this.#over) await this.#changed.promise;
  }

  /** Asks it to drain. */
  stop(): void {
    if (!this.#over) this.#child.kill("SIGTERM");
  }

  /** Resolves to the exit code. */
  async ended(): Promise<number> {
    await this.#reading;
    return (await this.#child.status).code;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
      this.#tell();
    }
    this.#over = true;
    this.#tell();
  }

  #take(event: DemoEvent): void {
    if (event.type === "summary") this.summary = event as unknown as DemoSummary;
    else if (event.type === "task_done" || event.type === "task_failed") {
      this.outcomes.set(event.url as string, event as unknown as DemoOutcome);
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
