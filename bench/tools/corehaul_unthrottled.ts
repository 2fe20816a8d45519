import type { BenchTool, ToolRun } from "./bench_tool.ts";
import { corehaul } from "./corehaul.ts";

/** Corehaul that may use all of its cores, as its peers do: by default it leaves a tenth of each to others. */
export const corehaulUnthrottled: BenchTool = {
  ...corehaul,
  name: "corehaul-100",
  command(run: ToolRun): string[] {
    return [...corehaul.command(run), "--cpu-threshold", "100"];
  },
};
