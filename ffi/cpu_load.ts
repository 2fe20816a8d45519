import { builtinModule } from "../base/builtin_module.ts";
import { readText } from "./read_text.ts";

/** Options for {@linkcode CpuLoadMeter}. */
export interface CpuLoadMeterOptions {
  /** Gives the text of `/proc/stat`. @default {reads `/proc/stat`; without access to it `node:os` is asked} */
  read?: () => string;
}

interface CoreTime {
  busy: number;
  idle: number;
  load: number;
}

type Visit = (core: number, busy: number, idle: number) => void;

/**
 * Measures how busy each core is, whoever keeps it busy. One sample costs some ten microseconds.
 *
 * Linux: waiting for I/O counts as idle, time that the hypervisor took away as busy. Deno lets only code with all
 * permissions read `/proc/stat`; elsewhere, and on other systems, `node:os` answers (permission `sys`: `cpus`).
 *
 * @example
 * ```ts
 * import { CpuLoadMeter } from "./cpu_load.ts";
 *
 * const meter = new CpuLoadMeter();
 * const load = meter.sample().get(0) ?? 0; // percent, since the meter was made
 * ```
 */
export class CpuLoadMeter {
  readonly #visitAll: (visit: Visit) => void;
  readonly #times = new Map<number, CoreTime>();

  /**
   * Takes the first reading.
   *
   * @param options Where the numbers come from.
   */
  constructor(options: CpuLoadMeterOptions = {}) {
    this.#visitAll = source(options.read);
    this.sample();
  }

  /**
   * Tells the load of every core since the previous sample; the first call, since the meter was made.
   *
   * @returns Percent, 0 to 100, by core. A core without a tick in between keeps its value; a new core starts at 0.
   */
  sample(): ReadonlyMap<number, number> {
    const loads = new Map<number, number>();
    this.#visitAll((core, busy, idle) => {
      const time = this.#times.get(core);
      if (time === undefined) {
        this.#times.set(core, { busy, idle, load: 0 });
        loads.set(core, 0);
        return;
      }
      // The kernel's counters of idle time can step back a little.
      const worked = Math.max(0, busy - time.busy);
      const elapsed = worked + Math.max(0, idle - time.idle);
      if (elapsed > 0) time.load = worked / elapsed * 100;
      time.busy = busy;
      time.idle = idle;
      loads.set(core, time.load);
    });
    return loads;
  }
}

function source(read: (() => string) | undefined): (visit: Visit) => void {
  if (read !== undefined) return (visit) => visitStat(read(), visit);
  if (readText("/proc/stat")?.startsWith("cpu") !== true) return visitCpus;
  return (visit) => visitStat(Deno.readTextFileSync("/proc/stat"), visit);
}

function visitStat(text: string, visit: Visit): void {
  // The lines of the cores come first; the long rest is not looked at.
  for (let start = 0; text.startsWith("cpu", start);) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const fields = text.slice(start + 3, end).split(" ");
    start = end + 1;
    // The line of all cores together has no number.
    if (fields[0] === "") continue;
    const at = (index: number) => Number(fields[index] ?? 0);
    // user, nice, system, idle, iowait, irq, softirq, steal; guest time is within user and nice already.
    visit(at(0), at(1) + at(2) + at(3) + at(6) + at(7) + at(8), at(4) + at(5));
  }
}

function visitCpus(visit: Visit): void {
  for (const [core, { times }] of builtinModule("node:os").cpus().entries()) {
    visit(core, times.user + times.nice + times.sys + times.irq, times.idle);
  }
}
