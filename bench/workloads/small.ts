import { goalFastest } from "./goal_fastest.ts";
import { scaledFiles, type Workload } from "./workload.ts";

/** Many small files: the cost of a file. */
export const small: Workload = {
  name: "small",
  about: "20,000 files of 10 KiB",
  cases: (scale) => [
    { label: "small", files: scaledFiles(20_000, scale), size: 10 << 10 },
  ],
  goals: goalFastest,
};
