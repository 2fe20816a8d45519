/**
 * Names a process for good: a pid alone is reused, but not together with the machine, its boot and the start time.
 *
 * @module
 */

import { mayRead, readText } from "./read_text.ts";

/** What tells a process from every other one, now and later. */
export interface ProcIdentity {
  /** The host name of the machine. */
  host: string;
  /** The random id that the kernel drew at boot; empty where there is none (not Linux, no access to `/proc`). */
  bootId: string;
  /** The process id. */
  pid: number;
  /** When the process started, in clock ticks since boot; empty where it cannot be read. */
  startTime: string;
  /** The process namespace in which `pid` counts: containers on one machine may share host name and boot id. */
  pidNamespace?: string;
}

interface ProcStat {
  state: string;
  startTime: string;
}

/**
 * Describes the current process. Needs all permissions to be complete, as Deno hides `/proc` otherwise.
 *
 * @returns Plain data, safe to store.
 *
 * @example
 * ```ts
 * import { procIdentity, procIsAlive } from "./proc_identity.ts";
 *
 * const owner = procIdentity();
 * procIsAlive(owner); // true (undefined where there is no /proc)
 * ```
 */
export function procIdentity(): ProcIdentity {
  const pidNamespace = readPidNamespace();
  const stat = readStat(Deno.pid);
  return {
    host: Deno.hostname(),
    bootId: readBootId(),
    pid: Deno.pid,
    startTime: typeof stat === "object" ? stat.startTime : "",
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/**
 * Tells whether a process still runs.
 *
 * @param identity What {@linkcode procIdentity} said in that process.
 * @returns `true` if it runs; `false` if it certainly does not (exited, a zombie, or from before a reboot); `undefined`
 * if it cannot be told from here: another host, another process namespace, or no `/proc`.
 */
export function procIsAlive(identity: ProcIdentity): boolean | undefined {
  const bootId = readBootId();
  if (identity.host !== Deno.hostname() || bootId === "" || identity.bootId === "") return undefined;
  if (identity.bootId !== bootId) return false;
  if (identity.pidNamespace !== undefined && identity.pidNamespace !== readPidNamespace()) return undefined;
  if (identity.startTime === "") return undefined;
  const stat = readStat(identity.pid);
  if (typeof stat === "string") return stat === "gone" ? false : undefined;
  return stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X";
}

function readBootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function readPidNamespace(): string | undefined {
  const path = "/proc/self/ns/pid";
  if (!mayRead(path)) return undefined;
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function readStat(pid: number): ProcStat | "gone" | "unknown" {
  const path = `/proc/${pid}/stat`;
  if (!mayRead(path)) return "unknown";
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    return isGone(error) ? "gone" : "unknown";
  }
  // The second field is the command in parentheses, and it may hold spaces and parentheses itself. What follows it
  // begins with field 3, the state; the start time is field 22.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? "unknown" : { state, startTime };
}

/** A process can also vanish between the opening and the reading of its file. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || (error instanceof Error && "code" in error && error.code === "ESRCH");
}
