import { goalFastest } from "./goal_fastest.ts";
import { scaledFiles, type Workload } from "./workload.ts";

const MEDIAN = 20 * 1024;
const SIGMA = 2;
const MOST = 64 * 2 ** 20;
const SEED = 20261126;

/** Sizes as they are in real folders: many small files, and a few that hold most of the bytes. */
export const mixed: Workload = {
  name: "mixed",
  about: "5,000 files of log-normal size: median 20 KiB, mean some 140 KiB, up to 64 MiB",
  cases: (scale) => {
    const sizes = logNormal(scaledFiles(5_000, scale));
    return [{ label: "mixed", files: sizes.length, size: Math.max(...sizes), sizes }];
  },
  goals: goalFastest,
};

/** The same sizes every time (a xorshift generator, and Box and Muller's transform). */
function logNormal(count: number): number[] {
  let state = SEED;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    return Math.min(MOST, Math.round(MEDIAN * Math.exp(SIGMA * normal)));
  });
}
