import type { CaseFiles } from "../case_files.ts";
import type { Served } from "../served.ts";
import type { CaseResult, GoalResult } from "../result.ts";

/** One set of files to download. */
export interface WorkloadCase extends CaseFiles {
  /** Name for the report and the URL; unique among all workloads. */
  readonly label: string;
  /** How the server behaves. Default `"plain"`. */
  readonly served?: Served;
  /** Downloads at the same time, for every tool. Default: as the command line says. */
  readonly concurrency?: number;
}

/** Something to measure. */
export interface Workload {
  readonly name: string;
  /** One line for the help. */
  readonly about: string;
  /** It runs only if it is named. Default false. */
  readonly byName?: boolean;
  /** False: its runs are long enough to be their own warm-up. Default true. */
  readonly warmUp?: boolean;
  /** The tools it is for; without it, all of them. */
  readonly tools?: readonly string[];
  /**
   * The cases that take turns in every round.
   *
   * @param scale Factor on the number of files.
   */
  cases(scale: number): readonly WorkloadCase[];
  /** What the results say about the goals; empty if they cannot tell. */
  goals(cases: readonly CaseResult[]): readonly GoalResult[];
}

/** A case's number of files at a scale, at least one. */
export function scaledFiles(files: number, scale: number): number {
  return Math.max(1, Math.round(files * scale));
}

/** A file's length at a scale, at least one byte. */
export function scaledBytes(bytes: number, scale: number): number {
  return Math.max(1, Math.round(bytes * scale));
}
