import { cgroupQuota, type CgroupQuotaOptions } from "./cgroup_quota.ts";
import { readText } from "./read_text.ts";
import { libcLibrary } from "./libc_library.ts";
import { SchedAffinity } from "./sched_affinity.ts";

/** Options for {@linkcode cpuTopology}. */
export interface CpuTopologyOptions {
  /** The absolute path of the C library. @default {libcLibrary()} */
  library?: string | undefined;
  /** Where the control groups are. */
  cgroup?: CgroupQuotaOptions;
}

/** What this process has to compute with. */
export interface CpuTopology {
  /** The numbers of the cores that the calling thread may run on, ascending, never empty. */
  allowed: readonly number[];
  /** How many cores' worth of time the control group grants, maybe a fraction; `undefined` without a limit. */
  quota: number | undefined;
  /** Where `allowed` comes from; `hardware-concurrency` counts the cores and numbers them from 0. */
  source: "sched_getaffinity" | "hardware-concurrency";
}

/**
 * Tells which cores this process may use and how much of them, inside containers too.
 *
 * It reads the mask of the calling thread, so call it before the thread is bound to a core. Where the mask cannot be
 * read (not Linux, no permission) the number of cores is taken instead. It never throws.
 *
 * @param options Where to read.
 * @returns The cores and the limit.
 *
 * @example
 * ```ts
 * import { cpuTopology } from "./cpu_topology.ts";
 *
 * const { allowed, quota } = cpuTopology();
 * console.log(`${allowed.length} cores, limit ${quota ?? "none"}`);
 * ```
 */
export function cpuTopology(options: CpuTopologyOptions = {}): CpuTopology {
  const read = cgroupQuota(options.cgroup);
  const allowed = affinity(options.library);
  if (allowed !== undefined) {
    // Without all permissions the limit cannot be read, but the runtime knows it when it counts the cores.
    const { hardwareConcurrency } = navigator;
    const hidden = hardwareConcurrency < allowed.length && readText("/proc/self/cgroup") === undefined;
    return { allowed, quota: hidden ? hardwareConcurrency : read, source: "sched_getaffinity" };
  }
  const quota = read;
  return {
    allowed: Array.from({ length: navigator.hardwareConcurrency }, (_, core) => core),
    quota,
    source: "hardware-concurrency",
  };
}

function affinity(library: string | undefined): number[] | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const path = library ?? libcLibrary();
  if (path === undefined) return undefined;
  try {
    using scheduler = new SchedAffinity(path);
    const { cores } = scheduler.get();
    return cores.length === 0 ? undefined : cores;
  } catch {
    return undefined;
  }
}
