import { findProgram } from "../program.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

const CONNECTIONS = 16;

/** axel: one file over many connections. */
export const axel: BenchTool = {
  name: "axel",
  package: "axel",
  takes: ({ files, served }) => files === 1 && served !== "tls",
  async version(): Promise<string> {
    return (await findProgram("axel", ["--version"], "axel")).version;
  },
  list(files: readonly ToolFile[]): string {
    // It reads a url from the command line, or from standard input.
    return files.map(({ url }) => `${url}\n`).join("");
  },
  command(run: ToolRun): string[] {
    const script = 'exec axel --quiet --num-connections="$1" --output="$2" "$(cat "$3")"';
    return ["sh", "-c", script, "axel", String(CONNECTIONS), `${run.out}/0000000.bin`, run.list];
  },
};
