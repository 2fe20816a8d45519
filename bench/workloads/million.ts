import { median } from "../median.ts";
import type { CaseResult, GoalResult, RunResult } from "../result.ts";
import { roundRatios } from "../round_ratios.ts";
import { scaledFiles, type Workload } from "./workload.ts";

const SIZE = 100;
const MIB = 2 ** 20;

/** A list that no screen and no memory can hold: what a task costs must not grow with it. */
export const million: Workload = {
  name: "million",
  about: "10,000 and 1,000,000 files of 100 bytes; only if it is named",
  byName: true,
  warmUp: false,
  tools: ["corehaul", "curl", "wget2", "aria2c"],
  cases: (scale) => [
    { label: "ten-thousand", files: scaledFiles(10_000, scale), size: SIZE },
    { label: "million", files: scaledFiles(1_000_000, scale), size: SIZE },
  ],
  goals(cases: readonly CaseResult[]): GoalResult[] {
    const [few, many] = cases.map(({ tools }) => tools.find(({ tool }) => tool === "corehaul"));
    if (few === undefined || many === undefined) return [];
    const files = cases[1]!.files / cases[0]!.files;
    const good = many.runs.filter(({ problem }) => problem === null);
    const of = (read: (run: RunResult) => number) => median(good.map(read));
    const goals: [text: string, value: number, most: number][] = [
      [
        "wall time of a task in the long list / in the short one",
        median(roundRatios(many, few, (run) => run.wallSeconds)) / files,
        1.2,
      ],
      ["seconds until the first file of the long list is there", of((run) => run.firstSeconds ?? NaN), 1],
      ["MiB of memory with the long list", of((run) => run.peakBytes / MIB), 256],
    ];
    return goals.filter(([, value]) => !Number.isNaN(value)).map(([text, value, most]) => ({
      text: `million: ${text}, goal <= ${most}`,
      value,
      met: value <= most,
    }));
  },
};
