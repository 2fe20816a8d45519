import { median } from "../median.ts";
import type { CaseResult, GoalResult } from "../result.ts";
import { roundRatios } from "../round_ratios.ts";
import { goalFastest } from "./goal_fastest.ts";
import { scaledBytes, scaledFiles, type Workload } from "./workload.ts";

/** Small files, and one large one, over FTP; 16 at a time, as servers take no more by default. */
export const ftp: Workload = {
  name: "ftp",
  about: "2,000 files of 10 KiB and 1 of 1 GiB over FTP, from vsftpd",
  tools: ["corehaul", "curl", "lftp"],
  cases: (scale) => [
    { label: "ftp-small", files: scaledFiles(2_000, scale), size: 10 << 10, served: "ftp", concurrency: 16 },
    { label: "ftp-large", files: 1, size: scaledBytes(2 ** 30, scale), served: "ftp", concurrency: 16 },
  ],
  goals: (cases) => [...goalFastest(cases), ...goalTwice(cases)],
};

/** The goal "small files take corehaul at most twice as long as curl". */
function goalTwice(cases: readonly CaseResult[]): GoalResult[] {
  const tools = cases.find(({ label }) => label === "ftp-small")?.tools;
  const [ours, curl] = ["corehaul", "curl"].map((name) => tools?.find(({ tool }) => tool === name));
  if (ours === undefined || curl === undefined) return [];
  const value = median(roundRatios(ours, curl, (run) => run.wallSeconds));
  if (Number.isNaN(value)) return [];
  return [{ text: "ftp-small: corehaul's wall time / curl's, goal <= 2", value, met: value <= 2 }];
}
