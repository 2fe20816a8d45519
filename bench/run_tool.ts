import { measure } from "./measure.ts";
import type { Neighbours } from "./neighbours.ts";
import type { RunResult } from "./result.ts";
import type { SshFiles } from "./served.ts";
import type { BenchTool } from "./tools/bench_tool.ts";
import { verifyOutput } from "./verify_output.ts";
import type { WorkloadCase } from "./workloads/workload.ts";

/** One run to make. */
export interface RunToolRequest {
  readonly tool: BenchTool;
  readonly case: WorkloadCase;
  readonly round: number;
  /** The tool's list file. */
  readonly list: string;
  /** The certificate of the server, if it speaks TLS. */
  readonly ca?: string;
  /** What SSH needs, if the server speaks that. */
  readonly ssh?: SshFiles;
  /** Folder for the run: its `out` and `state` are made afresh. */
  readonly work: string;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** Tells the CPU time that the server has used so far; absent: nobody knows. */
  readonly serverTime?: () => number;
  /** Who runs beside it; absent: nobody. */
  readonly neighbours?: Neighbours;
  readonly signal: AbortSignal;
}

const LOG_TAIL_CHARS = 300;

/** The output folder of a run. */
export function outFolder(work: string): string {
  return `${work}/out`;
}

/**
 * Makes one run: empty folders, the measured command, the check of its
 * output. Only the command is timed.
 */
export async function runTool(request: RunToolRequest): Promise<RunResult> {
  const { tool, work, signal } = request;
  const { files, size, served = "plain" } = request.case;
  const concurrency = request.case.concurrency ?? request.concurrency;
  const out = outFolder(work);
  const state = `${work}/state`;
  const log = `${work}/log`;
  await empty(out);
  await empty(state);
  // Writes of the run before would slow this one on a disk.
  await new Deno.Command("sync", { args: ["-f", work] }).output();
  const { list, ca, ssh, timeoutSeconds } = request;
  const first = watchFirst(out);
  const neighbours = request.neighbours?.watch();
  const serverBefore = request.serverTime?.();
  const measured = await measure({
    command: tool.command({
      ...{ list, out, state, concurrency, files, size, served },
      ...(ca === undefined ? {} : { ca }),
      ...(ssh === undefined ? {} : { ssh }),
    }),
    cwd: state,
    env: toolEnv(),
    log,
    timeoutSeconds,
    signal,
  });
  const serverSeconds = serverBefore === undefined ? null : request.serverTime!() - serverBefore;
  const neighboursShare = neighbours?.() ?? null;
  const firstSeconds = first.stop();
  let problem: string | null = null;
  if (measured.timedOut) {
    problem = `it was still running after ${timeoutSeconds} s`;
  } else if (measured.exitCode !== 0) {
    problem = `exit code ${measured.exitCode}`;
  } else {
    problem = await verifyOutput(out, request.case, signal) ?? null;
  }
  if (problem !== null) {
    const tail = (await Deno.readTextFile(log)).trim().slice(-LOG_TAIL_CHARS);
    if (tail !== "") problem += `; it said: ${tail.replaceAll("\n", " | ")}`;
  }
  await empty(out);
  const { exitCode, wallSeconds, userSeconds, systemSeconds, peakBytes, floorBytes } = measured;
  return {
    round: request.round,
    ...{ firstSeconds, exitCode, wallSeconds, userSeconds, systemSeconds, peakBytes, floorBytes },
    ...{ serverSeconds, neighboursShare },
    problem,
  };
}

const LOOK_MS = 5;

/** Looks for the first file that is there under its own name. */
function watchFirst(folder: string): { stop: () => number | null } {
  const start = performance.now();
  let seconds: number | null = null;
  const look = () => {
    for (const { name } of Deno.readDirSync(folder)) {
      // Unfinished files have a further ending with some tools.
      if (!/^\d+\.bin$/.test(name)) continue;
      seconds = (performance.now() - start) / 1000;
      clearInterval(timer);
      return;
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      if (seconds === null) look();
      return seconds;
    },
  };
}

async function empty(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(folder);
}

/** The user's environment without what would change a run: proxies and corehaul's settings. */
function toolEnv(): Record<string, string> {
  const names = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    names.filter(([name]) => !/_proxy$/i.test(name) && !name.startsWith("CFG_")),
  );
}
