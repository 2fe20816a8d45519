import { findProgram } from "../program.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** aria2 takes no more connections than this for one file. */
const MAX_SPLIT = 16;

/** aria2: one process, one thread; it can split a file over connections. */
export const aria2c: BenchTool = {
  name: "aria2c",
  package: "aria2",
  async version(): Promise<string> {
    return (await findProgram("aria2c", ["--version"], "aria2")).version;
  },
  list(files: readonly ToolFile[]): string {
    return files.map(({ url, name }) => `${url}\n  out=${name}\n`).join("");
  },
  command(run: ToolRun): string[] {
    // With fewer files than connections, the spare connections split the files.
    const spare = Math.floor(run.concurrency / run.files);
    const split = String(Math.max(1, Math.min(MAX_SPLIT, spare)));
    return [
      "aria2c",
      ...["--no-conf=true", "-q", "--download-result=hide"],
      ...["-j", String(run.concurrency), "-x", split, "-s", split],
      "--file-allocation=none",
      ...["--auto-save-interval=0", "--max-download-result=0"],
      ...["--deferred-input=true", "--async-dns=false"],
      ...(run.ca === undefined ? [] : ["--ca-certificate", run.ca]),
      ...["-d", run.out, "-i", run.list],
    ];
  },
};
