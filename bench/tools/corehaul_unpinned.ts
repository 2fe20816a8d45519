import type { BenchTool, ToolRun } from "./bench_tool.ts";
import { corehaul } from "./corehaul.ts";

/** Corehaul with threads that run wherever the system puts them. */
export const corehaulUnpinned: BenchTool = {
  ...corehaul,
  name: "corehaul-no-pin",
  byName: true,
  command(run: ToolRun): string[] {
    return [...corehaul.command(run), "--no-pin"];
  },
};
