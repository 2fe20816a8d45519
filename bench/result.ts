import type { CaseFiles } from "./case_files.ts";

/** One run of one tool. */
export interface RunResult {
  /** Counted from 1; 0 is the warm-up. */
  readonly round: number;
  readonly exitCode: number;
  readonly wallSeconds: number;
  /** From the start until the first file had its name in the output folder; `null` if none came. */
  readonly firstSeconds: number | null;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** CPU time of the server meanwhile; `null` if it is not nginx. */
  readonly serverSeconds: number | null;
  /** Largest resident set of any one process of the tool. */
  readonly peakBytes: number;
  /** A `peakBytes` at or under this means "at most this". */
  readonly floorBytes: number;
  /** How much the neighbours got done, compared with what they get done alone; `null` without any. */
  readonly neighboursShare: number | null;
  /** Why the run does not count, or `null`. */
  readonly problem: string | null;
}

/** A tool's counted runs of one case, the warm-up aside. */
export interface ToolResult {
  readonly tool: string;
  /** Its command line, with LIST, OUT and STATE for the paths of a run. */
  readonly command: readonly string[];
  readonly runs: readonly RunResult[];
}

/** One case of a workload. */
export interface CaseResult extends CaseFiles {
  readonly label: string;
  readonly tools: readonly ToolResult[];
}

/** What a workload is to show, and whether it did. */
export interface GoalResult {
  readonly text: string;
  readonly value: number;
  readonly met: boolean;
}

/** One workload. */
export interface WorkloadResult {
  readonly name: string;
  readonly cases: readonly CaseResult[];
  readonly goals: readonly GoalResult[];
}
