import { goalFastest } from "./goal_fastest.ts";
import { scaledFiles, type Workload } from "./workload.ts";

/** A server that is far away: what counts is how many requests are on their way. */
export const latency: Workload = {
  name: "latency",
  about: "10,000 files of 10 KiB, 50 ms before each answer",
  cases: (scale) => [
    { label: "latency", files: scaledFiles(10_000, scale), size: 10 << 10, served: "latency" },
  ],
  goals: goalFastest,
};
