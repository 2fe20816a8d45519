import { findProgram } from "../program.ts";
import type { WorkloadCase } from "../workloads/workload.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** OpenSSH's own client with a batch: one connection, one file after the other. */
export const sftp: BenchTool = {
  name: "sftp",
  package: "openssh-client",
  takes({ served }: WorkloadCase): boolean {
    return served === "sftp";
  },
  async version(): Promise<string> {
    return (await findProgram("ssh", ["-V"], "openssh-client")).version;
  },
  list(files: readonly ToolFile[], out: string): string {
    const { hostname, port, username } = new URL(files[0]!.url);
    const gets = files.map(({ url, name }) => `get ${new URL(url).pathname} ${out}/${name}\n`).join("");
    // The first line is for the shell that starts it.
    return `# ${port} ${username}@${hostname}\n${gets}`;
  },
  command(run: ToolRun): string[] {
    const { key = "", knownHosts = "" } = run.ssh ?? {};
    const script =
      'read -r _ port who <"$0"; exec sftp -q -b "$0" -P "$port" -i "$1" -o UserKnownHostsFile="$2" "$who"';
    return ["sh", "-c", script, run.list, key, knownHosts];
  },
};
