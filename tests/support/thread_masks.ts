/** A thread of a process. */
export interface ThreadMask {
  /** Its number; later threads have higher ones. */
  tid: number;
  /** Its name. */
  name: string;
  /** The cores it may run on, as the kernel writes them. */
  cores: string;
}

/** The threads of a process, in the order in which they started. */
export function threadMasks(pid: number): ThreadMask[] {
  const masks: ThreadMask[] = [];
  for (const { name: tid } of Deno.readDirSync(`/proc/${pid}/task`)) {
    try {
      const status = Deno.readTextFileSync(`/proc/${pid}/task/${tid}/status`);
      const read = (key: string) => new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
      masks.push({ tid: Number(tid), name: read("Name"), cores: read("Cpus_allowed_list") });
    } catch {
      // A thread that ended while it was looked at.
    }
  }
  return masks.sort((a, b) => a.tid - b.tid);
}
