/** The machine that was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly memoryBytes: number;
  /** Load average of the last minute before the first run: others at work spoil a measurement. */
  readonly load: number;
}

/** Describes this machine. */
export async function machine(): Promise<Machine> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    cpu: /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    memoryBytes: Deno.systemMemoryInfo().total,
    load: Deno.loadavg()[0] ?? 0,
  };
}
