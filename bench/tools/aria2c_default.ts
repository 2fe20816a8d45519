import { aria2c } from "./aria2c.ts";
import type { BenchTool, ToolRun } from "./bench_tool.ts";

/** aria2 as most people start it: nothing but how many files at a time. */
export const aria2cDefault: BenchTool = {
  ...aria2c,
  name: "aria2c-default",
  command(run: ToolRun): string[] {
    const trust = run.ca === undefined ? [] : ["--ca-certificate", run.ca];
    return ["aria2c", "--no-conf=true", "-q", "-j", String(run.concurrency), ...trust, "-d", run.out, "-i", run.list];
  },
};
