/**
 * Binds threads to CPU cores.
 *
 * The scheduler binds threads, not processes, and a new thread inherits the mask of the thread that makes it. So a
 * Worker calls {@linkcode procBindToCpu} in its first statement and imports the rest of its code afterwards: every
 * thread for blocking I/O that it causes later is then bound too.
 *
 * @module
 */
import { libcLibrary } from "./libc_library.ts";
import { MAX_CORE } from "../base/max_core.ts";
import { ProcAffinityError } from "./proc_affinity_error.ts";
import { EINVAL, SchedAffinity } from "./sched_affinity.ts";
import { threadAffinityMask } from "./thread_affinity_mask.ts";

/** Options for {@linkcode procBindToCpu}. */
export interface ProcBindToCpuOptions {
  /**
   * The absolute path of the C library (on Windows: of `kernel32.dll`). A Worker with restricted permissions must be
   * given it, and be allowed to load exactly that path.
   *
   * @default {libcLibrary()}
   */
  library?: string | undefined;
}

const ENOSYS = 38;
const WINDOWS_INVALID_PARAMETER = 87;
const WINDOWS_CORES = 64;

/**
 * Binds the calling thread, and every thread that it makes later, to one CPU core, and checks that it is so.
 *
 * On Linux the kernel decides which cores a thread may use; that can be more than its present mask. If the call fails,
 * the thread keeps the mask that it had. On Windows only cores 0 to 63 can be named, later threads do not
 * inherit the mask, and the code was not run there. macOS has no such call.
 *
 * @param core The number of the core, as the operating system counts them.
 * @param options Where the system library is.
 * @throws {ProcAffinityError} If the thread could not be bound; `reason` tells why.
 *
 * @example
 * ```ts ignore
 * // In the first statement of a Worker:
 * import { procBindToCpu } from "./proc_bind_to_cpu.ts";
 *
 * procBindToCpu(1, { library: "/lib/x86_64-linux-gnu/libc.so.6" });
 * ```
 */
export function procBindToCpu(core: number, options: ProcBindToCpuOptions = {}): void {
  if (!Number.isInteger(core) || core < 0 || core > MAX_CORE) {
    throw new ProcAffinityError(
      `Cannot bind the thread to a core as core must be an integer from 0 to ${MAX_CORE}: current value is ${core}`,
      { core, reason: "invalid" },
    );
  }
  switch (Deno.build.os) {
    case "linux":
      return bindOnLinux(core, options.library ?? libcLibrary());
    case "windows":
      return bindOnWindows(core, options.library ?? "kernel32.dll");
    default:
      throw new ProcAffinityError(
        `Cannot bind the thread to a core as the system must be Linux or Windows: current value is ${Deno.build.os}`,
        { core, reason: "unsupported" },
      );
  }
}

function bindOnLinux(core: number, library: string | undefined): void {
  using scheduler = open(core, library, (path) => new SchedAffinity(path));
  const setError = scheduler.set([core]);
  if (setError === EINVAL) throw notAllowed(core, setError);
  if (setError !== 0) throw failed(core, "sched_setaffinity", setError);
  const { errno, cores } = scheduler.get();
  if (errno !== 0) throw failed(core, "sched_getaffinity", errno);
  if (cores.length !== 1 || cores[0] !== core) throw withoutEffect(core, cores.join(",") || "no core");
}

function bindOnWindows(core: number, library: string): void {
  if (core >= WINDOWS_CORES) {
    throw new ProcAffinityError(
      `Cannot bind the thread to a core as core must be below ${WINDOWS_CORES} on Windows: current value is ${core}`,
      { core, reason: "unsupported" },
    );
  }
  const wanted = 1n << BigInt(core);
  const { errno, mask } = open(core, library, (path) => threadAffinityMask(path, wanted));
  if (errno === WINDOWS_INVALID_PARAMETER) throw notAllowed(core, errno);
  if (errno !== 0) throw failed(core, "SetThreadAffinityMask", errno);
  if (mask !== wanted) throw withoutEffect(core, `mask 0x${mask.toString(16)}`);
}

function open<T>(core: number, library: string | undefined, load: (path: string) => T): T {
  let cause: unknown;
  if (library !== undefined) {
    try {
      return load(library);
    } catch (error) {
      cause = error;
    }
  }
  throw new ProcAffinityError(
    `Cannot bind the thread to a core as library must be a system library that may be loaded: current value is ${library}`,
    { core, reason: "library", ...(cause === undefined ? {} : { cause }) },
  );
}

function notAllowed(core: number, errno: number): ProcAffinityError {
  return new ProcAffinityError(
    `Cannot bind the thread to a core as core must be online and allowed for this process: current value is ${core}`,
    { core, errno, reason: "not-allowed" },
  );
}

function failed(core: number, call: string, errno: number): ProcAffinityError {
  return new ProcAffinityError(
    `Cannot bind the thread to core ${core} as ${call} must succeed: current value is error ${errno}`,
    { core, errno, reason: errno === ENOSYS && Deno.build.os === "linux" ? "unsupported" : "system" },
  );
}

function withoutEffect(core: number, mask: string): ProcAffinityError {
  return new ProcAffinityError(
    `Cannot bind the thread to core ${core} as its mask must be that one core: current value is ${mask}`,
    { core, reason: "system" },
  );
}
