import { findProgram } from "../program.ts";
import type { WorkloadCase } from "../workloads/workload.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** lftp, which mirrors the folder of the files with several transfers at a time. */
export const lftp: BenchTool = {
  name: "lftp",
  package: "lftp",
  takes({ served }: WorkloadCase): boolean {
    return served === "ftp" || served === "sftp";
  },
  async version(): Promise<string> {
    return (await findProgram("lftp", ["--version"], "lftp")).version;
  },
  list(files: readonly ToolFile[], out: string): string {
    const { protocol, host, username, pathname } = new URL(files[0]!.url);
    // A path of FTP counts from where the login leads to.
    const folder = pathname.slice(protocol === "ftp:" ? 1 : 0, pathname.lastIndexOf("/"));
    const account = username === "" ? "" : `-u ${username}, `;
    return `open ${account}${protocol}//${host}\nmirror --no-perms ${folder} ${out}\n`;
  },
  command(run: ToolRun): string[] {
    const ssh = run.ssh === undefined
      ? ""
      : `set sftp:connect-program "ssh -a -x -i ${run.ssh.key} -o UserKnownHostsFile=${run.ssh.knownHosts}"; `;
    const settings = `set cmd:fail-exit yes; set mirror:parallel-transfer-count ${run.concurrency}; ${ssh}`;
    return ["lftp", "--norc", "-c", `${settings}source ${run.list}`];
  },
};
