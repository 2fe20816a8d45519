import type { Served, SshFiles } from "../served.ts";
import type { WorkloadCase } from "../workloads/workload.ts";

/** One file to download. */
export interface ToolFile {
  readonly url: string;
  /** Its name in the output folder. */
  readonly name: string;
}

/** One run of a tool. */
export interface ToolRun {
  /** The tool's list file, written by the bench from {@linkcode BenchTool.list}. */
  readonly list: string;
  /** The empty output folder. */
  readonly out: string;
  /** An empty folder for what the tool keeps beside its output. */
  readonly state: string;
  /** Downloads at the same time. */
  readonly concurrency: number;
  /** How many files the list has. */
  readonly files: number;
  /** Length of the largest file in bytes. */
  readonly size: number;
  /** How the server behaves. */
  readonly served: Served;
  /** The certificate to trust, in PEM, if the server speaks TLS. */
  readonly ca?: string;
  /** What SSH needs, if the server speaks that. */
  readonly ssh?: SshFiles;
}

/** A downloader that takes part. */
export interface BenchTool {
  readonly name: string;
  /** The Debian package that holds it. */
  readonly package: string;
  /** It takes part only if it is named. */
  readonly byName?: boolean;
  /**
   * Says which version would run.
   *
   * @throws {UsageError} If the tool is missing.
   */
  version(): Promise<string>;
  /** Says whether a workload's case is anything for it. Default: every one is. */
  takes?(one: WorkloadCase): boolean;
  /** The content of its list file, in its own format. */
  list(files: readonly ToolFile[], out: string): string;
  /** Program and arguments, the best for the run. */
  command(run: ToolRun): string[];
}
