/** What {@linkcode cpuLayout} decides from. */
export interface CpuLayoutOptions {
  /** The cores that may be used, the main thread's first. */
  allowed: readonly number[];
  /** How many cores' worth of time there is; `undefined` without a limit. */
  quota: number | undefined;
  /** The cores for workers. @default {all allowed ones but the first} */
  cores?: readonly number[] | undefined;
  /** The number of workers. @default {one a core, as far as the quota reaches} */
  workers?: number | undefined;
}

/** Which thread runs where. */
export interface CpuLayout {
  /** The core of the main thread and the config worker. */
  main: number;
  /** The core of each download worker, never empty. */
  workers: readonly number[];
}

/**
 * Lays threads out on cores: the first allowed core for the main thread, one worker on each other core. A single core
 * takes everything.
 *
 * If the quota grants less than the allowed cores, the default number of workers leaves one core's worth to the main
 * thread. What the caller names (`cores`, `workers`) is not limited by the quota; more workers than cores go round.
 *
 * @param options The cores, the quota, and the caller's wishes.
 * @returns A core for every thread.
 * @throws {RangeError} If `allowed` or `cores` is empty, `cores` names a core that is not allowed, `workers` is not a
 * positive integer, or `quota` is not above 0.
 *
 * @example
 * ```ts
 * import { cpuLayout } from "./cpu_layout.ts";
 *
 * cpuLayout({ allowed: [0, 1, 2, 3], quota: undefined }); // { main: 0, workers: [1, 2, 3] }
 * cpuLayout({ allowed: [0, 1, 2, 3], quota: undefined, workers: 5 }); // workers: [1, 2, 3, 0, 1]
 * ```
 */
export function cpuLayout(options: CpuLayoutOptions): CpuLayout {
  const { quota, cores, workers } = options;
  const allowed = [...new Set(options.allowed)];
  const [main, ...others] = allowed;
  if (main === undefined) throw outOfRange("allowed", "at least one core", "an empty list");
  if (quota !== undefined && !(quota > 0)) throw outOfRange("quota", "above 0", quota);
  if (workers !== undefined && !(Number.isSafeInteger(workers) && workers > 0)) {
    throw outOfRange("workers", "a positive integer", workers);
  }
  const pool = cores === undefined ? [...others, main] : named(cores, allowed);
  const count = workers ?? (cores === undefined ? defaultCount(allowed.length, quota) : pool.length);
  return { main, workers: Array.from({ length: count }, (_, index) => pool[index % pool.length] ?? main) };
}

function named(cores: readonly number[], allowed: readonly number[]): number[] {
  if (cores.length === 0) throw outOfRange("cores", "at least one core", "an empty list");
  for (const core of cores) {
    if (!allowed.includes(core)) throw outOfRange("cores", `among the allowed cores ${allowed.join(",")}`, core);
  }
  return [...new Set(cores)];
}

function defaultCount(allowed: number, quota: number | undefined): number {
  const granted = quota !== undefined && quota < allowed ? Math.floor(quota) : allowed;
  return Math.max(1, granted - 1);
}

function outOfRange(field: string, rule: string, value: number | string): RangeError {
  return new RangeError(`Cannot lay out workers as ${field} must be ${rule}: current value is ${value}`);
}
