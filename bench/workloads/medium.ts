import { goalFastest } from "./goal_fastest.ts";
import { scaledFiles, type Workload } from "./workload.ts";

/** Files of a size at which moving bytes starts to matter. */
export const medium: Workload = {
  name: "medium",
  about: "1,000 files of 1 MiB",
  cases: (scale) => [
    { label: "medium", files: scaledFiles(1_000, scale), size: 1 << 20 },
  ],
  goals: goalFastest,
};
