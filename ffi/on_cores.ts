import { libcLibrary } from "./libc_library.ts";
import { SchedAffinity } from "./sched_affinity.ts";

/**
 * Runs something while the calling thread may use other cores than before: a process that it starts meanwhile inherits them.
 * Where threads cannot be bound, it only runs it.
 *
 * @param cores The numbers of the cores.
 * @param run What to run; it must be over when it returns.
 * @param library The absolute path of the C library. Default: that of this system.
 * @returns What `run` returned.
 *
 * @example
 * ```ts ignore
 * import { onCores } from "./on_cores.ts";
 *
 * const child = onCores([0, 1, 2, 3], () => new Deno.Command("sh").spawn());
 * ```
 */
export function onCores<T>(cores: readonly number[], run: () => T, library: string | undefined = libcLibrary()): T {
  if (Deno.build.os !== "linux" || library === undefined) return run();
  using scheduler = new SchedAffinity(library);
  const before = scheduler.get();
  if (before.errno !== 0 || scheduler.set(cores) !== 0) return run();
  try {
    return run();
  } finally {
    scheduler.set(before.cores);
  }
}
