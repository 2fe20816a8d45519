import { goalFastest } from "./goal_fastest.ts";
import { scaledBytes, type Workload } from "./workload.ts";

/** One file, as fast as the bytes can go. */
export const large: Workload = {
  name: "large",
  about: "1 file of 4 GiB",
  cases: (scale) => [{ label: "large", files: 1, size: scaledBytes(4 * 2 ** 30, scale) }],
  goals: goalFastest,
};
