import { UsageError } from "../usage_error.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** As many connections for one file as its peers open where that helps. */
const SPLIT = 16;
const REPOSITORY = new URL("../../", import.meta.url).pathname;

/** Corehaul from this checkout, with its durable queue, run by the Deno that runs the bench. */
export const corehaul: BenchTool = {
  name: "corehaul",
  package: "none",
  async version(): Promise<string> {
    try {
      await Deno.stat(`${REPOSITORY}cli.ts`);
    } catch (error) {
      throw new UsageError(
        "Cannot run corehaul as cli.ts must be in the repository: leave it out with --tools",
        { cause: error },
      );
    }
    const config = JSON.parse(await Deno.readTextFile(`${REPOSITORY}deno.json`));
    return `${config.version} (deno ${Deno.version.deno})`;
  },
  list(files: readonly ToolFile[]): string {
    return `[\n${files.map(({ url }) => JSON.stringify({ url })).join(",\n")}\n]\n`;
  },
  command(run: ToolRun): string[] {
    return [
      Deno.execPath(),
      ...["run", "-A", `${REPOSITORY}cli.ts`],
      ...["run", "--once"],
      ...["--tasks", run.list],
      ...["--dir", run.out],
      ...["--queue", `kv:${run.state}/queue.db`],
      ...["--progress", "none"],
      ...["--log-level", "warning"],
      ...["--concurrency", String(run.concurrency)],
      ...(run.served === "throttled" ? ["--segments", String(SPLIT)] : []),
      ...(run.ca === undefined ? [] : ["--ca", run.ca]),
      ...(run.ssh === undefined ? [] : ["--ssh-key", run.ssh.key, "--ssh-known-hosts", run.ssh.knownHosts]),
    ];
  },
};
