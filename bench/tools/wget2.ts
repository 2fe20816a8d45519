import { findProgram } from "../program.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** GNU Wget2: one process, one thread a download. */
export const wget2: BenchTool = {
  name: "wget2",
  package: "wget2",
  async version(): Promise<string> {
    return (await findProgram("wget2", ["--version"], "wget2")).version;
  },
  list(files: readonly ToolFile[]): string {
    return files.map(({ url }) => `${url}\n`).join("");
  },
  command(run: ToolRun): string[] {
    return [
      "wget2",
      ...["--no-config", "-q"],
      ...["--max-threads", String(run.concurrency)],
      ...["--no-xattr", "--no-hsts", "--no-netrc", "--no-cookies", "--no-robots"],
      ...(run.ca === undefined ? [] : ["--ca-certificate", run.ca]),
      ...["-nd", "-P", run.out],
      ...["-i", run.list],
    ];
  },
};
