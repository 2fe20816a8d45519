import { findProgram } from "../program.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** curl with parallel transfers: one process, one thread. */
export const curl: BenchTool = {
  name: "curl",
  package: "curl",
  async version(): Promise<string> {
    return (await findProgram("curl", ["--version"], "curl")).version;
  },
  list(files: readonly ToolFile[], out: string): string {
    return files
      .map(({ url, name }) => `url = "${url}"\noutput = "${out}/${name}"\n`)
      .join("");
  },
  command(run: ToolRun): string[] {
    return [
      "curl",
      // Must come first: no ~/.curlrc.
      "-q",
      ...["-s", "-S"],
      ...["-Z", "--parallel-max", String(run.concurrency)],
      "--parallel-immediate",
      ...(run.ca === undefined ? [] : ["--cacert", run.ca]),
      // Which host keys are known, it reads from the home folder only.
      ...(run.ssh === undefined ? [] : ["--insecure", "--key", run.ssh.key, "--pubkey", `${run.ssh.key}.pub`]),
      ...["-K", run.list],
    ];
  },
};
