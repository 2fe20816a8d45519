import { median } from "../median.ts";
import type { CaseResult, GoalResult } from "../result.ts";
import { roundRatios } from "../round_ratios.ts";
import { scaledFiles, type Workload } from "./workload.ts";

const GOAL = 1.3;

/** Whether corehaul's peak memory grows with the list. */
export const memory: Workload = {
  name: "memory",
  about: "corehaul's peak memory with 100,000 tasks against 1,000 (files of 100 B)",
  tools: ["corehaul"],
  cases: (scale) => [
    { label: "memory-short", files: scaledFiles(1_000, scale), size: 100 },
    { label: "memory-long", files: scaledFiles(100_000, scale), size: 100 },
  ],
  goals(cases: readonly CaseResult[]): GoalResult[] {
    const [short, long] = cases;
    const few = short?.tools[0];
    const many = long?.tools[0];
    if (few === undefined || many === undefined) return [];
    const value = median(roundRatios(many, few, (run) => run.peakBytes));
    if (Number.isNaN(value)) return [];
    return [{
      text: `memory: ${many.tool}'s peak with ${long?.files} / ${short?.files} tasks, goal <= ${GOAL}`,
      value,
      met: value <= GOAL,
    }];
  },
};
