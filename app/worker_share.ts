import type { CfgSettings } from "../config/cfg_settings.ts";

/**
 * How many downloads one of the workers may have at a time: no more than `concurrency`, and of `jobs` an equal part, in which
 * the first workers have one more where it cannot be divided.
 *
 * @param settings The two limits.
 * @param worker The index of the worker, from 0.
 * @param workers How many there are, no more than `jobs`.
 *
 * @example
 * ```ts
 * import { workerShare } from "./worker_share.ts";
 *
 * workerShare({ concurrency: 64, jobs: 5 }, 0, 2); // 3
 * workerShare({ concurrency: 64, jobs: 5 }, 1, 2); // 2
 * ```
 */
export function workerShare(
  { concurrency, jobs }: Pick<CfgSettings, "concurrency" | "jobs">,
  worker: number,
  workers: number,
): number {
  if (jobs === undefined) return concurrency;
  return Math.min(concurrency, Math.floor(jobs / workers) + (worker < jobs % workers ? 1 : 0));
}
