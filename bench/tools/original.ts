import { findProgram } from "../program.ts";
import { UsageError } from "../usage_error.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** Debian's own: it is the one that has the packages. */
const PYTHON = "/usr/bin/python3";
const SCRIPT = new URL("../original/download_system.py", import.meta.url).pathname;
const PRINT_VERSION = "import aiohttp, psutil; print('aiohttp', aiohttp.__version__)";

/** The original system: aiohttp processes that share a `multiprocessing.Manager().list()`. */
export const original: BenchTool = {
  name: "original",
  // It knows no certificate but the system's.
  takes: ({ served }) => served !== "tls",
  package: "python3-aiohttp and python3-psutil",
  async version(): Promise<string> {
    const { version } = await findProgram(PYTHON, ["--version"], "python3");
    const { success, stdout } = await new Deno.Command(PYTHON, { args: ["-c", PRINT_VERSION] }).output();
    if (success) return `Python ${version}, ${new TextDecoder().decode(stdout).trim()}`;
    throw new UsageError(
      "Cannot run the bench as aiohttp and psutil must be installed: Debian's packages are python3-aiohttp and " +
        "python3-psutil, or leave the tool out with --tools",
    );
  },
  list(files: readonly ToolFile[]): string {
    return `[\n${files.map(({ url }) => JSON.stringify({ url })).join(",\n")}\n]\n`;
  },
  command(run: ToolRun): string[] {
    return [
      ...[PYTHON, SCRIPT, "--tasks", run.list],
      ...["--dir", run.out, "--concurrency", String(run.concurrency)],
    ];
  },
};
