import { goalFastest } from "./goal_fastest.ts";
import { scaledBytes, type Workload } from "./workload.ts";

/** A server that gives no connection more than its share: what counts is how many one file has. */
export const throttled: Workload = {
  name: "throttled",
  about: "1 file of 256 MiB, 4 MiB/s for each connection",
  cases: (scale) => [
    { label: "throttled", files: 1, size: scaledBytes(256 * 2 ** 20, scale), served: "throttled" },
  ],
  goals: goalFastest,
};
