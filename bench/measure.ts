import { findProgram } from "./program.ts";

/** What one command cost. */
export interface Measurement {
  /** Exit code; negative: the number of the signal that ended it. */
  readonly exitCode: number;
  readonly wallSeconds: number;
  /** CPU time in user mode, of the command and its descendants. */
  readonly userSeconds: number;
  /** CPU time in the kernel, of the command and its descendants. */
  readonly systemSeconds: number;
  /** Largest resident set of any one process of the tree. */
  readonly peakBytes: number;
  /** Smallest peak that can be told: a `peakBytes` at or under it means "at most this". */
  readonly floorBytes: number;
  readonly timedOut: boolean;
  readonly stopped: boolean;
}

/** What to run, and how. */
export interface MeasureRequest {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** File that takes the command's output. */
  readonly log: string;
  /** The command and its process group are killed after this time. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
}

const SCRIPT = `${import.meta.dirname}/measure.py`;
// Isolated and without site-packages: less memory for the command to inherit.
const PYTHON_ARGS = ["-I", "-S", SCRIPT];
let python: Promise<string> | undefined;

/**
 * Runs a command to its end and measures it, with `measure.py` as its parent.
 *
 * @throws {UsageError} If python3 is missing.
 * @throws {Error} If the command could not be started, or the signal aborted it.
 */
export async function measure(request: MeasureRequest): Promise<Measurement> {
  request.signal?.throwIfAborted();
  const [program, ...args] = request.command;
  const child = new Deno.Command(await findPython(), {
    args: [
      ...PYTHON_ARGS,
      request.log,
      String(request.timeoutSeconds),
      String(program),
      ...args,
    ],
    cwd: request.cwd,
    env: { ...request.env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => {
    try {
      child.kill("SIGTERM");
    } catch { /* It has just ended */ }
  };
  request.signal?.addEventListener("abort", stop, { once: true });
  try {
    const output = await child.output();
    request.signal?.throwIfAborted();
    const decoder = new TextDecoder();
    if (!output.success) {
      const reason = decoder.decode(output.stderr).trim().split("\n").at(-1);
      throw new Error(`Cannot measure ${program}: ${reason}`);
    }
    return JSON.parse(decoder.decode(output.stdout)) as Measurement;
  } finally {
    request.signal?.removeEventListener("abort", stop);
  }
}

/** Finds python3 once. Debian's own comes first: shims in `PATH` are slow to start. */
export function findPython(): Promise<string> {
  python ??= findProgram("/usr/bin/python3", ["--version"], "python3")
    .catch(() => findProgram("python3", ["--version"], "python3"))
    .then((found) => found.path);
  return python;
}
