import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";
import type { WorkloadCase } from "../workloads/workload.ts";

const SCRIPT = `${import.meta.dirname}/../floor/main.ts`;

/** A program for Deno that does nothing but fetch and write: what any downloader in Deno pays. */
export const denoFloor: BenchTool = {
  name: "deno-floor",
  package: "none",
  byName: true,
  version: () => Promise.resolve(Deno.version.deno),
  takes: ({ served = "plain" }: WorkloadCase) => served !== "tls",
  list: (files: readonly ToolFile[]) => files.map(({ url }) => `${url}\n`).join(""),
  command: (run: ToolRun) => [Deno.execPath(), "run", "-A", SCRIPT, run.list, run.out, String(run.concurrency)],
};
