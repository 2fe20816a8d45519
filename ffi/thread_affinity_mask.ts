import { loadLibrary } from "./load_library.ts";

/** The answer of {@linkcode threadAffinityMask}. */
export interface ThreadAffinityMask {
  /** 0, or the error number of `GetLastError`. */
  errno: number;
  /** The mask that the thread has afterwards, 0 on failure. */
  mask: bigint;
}

const SYMBOLS = {
  getCurrentThread: { name: "GetCurrentThread", parameters: [], result: "usize" },
  setThreadAffinityMask: { name: "SetThreadAffinityMask", parameters: ["usize", "usize"], result: "usize" },
  getLastError: { name: "GetLastError", parameters: [], result: "u32" },
} as const;

/**
 * Gives the calling thread a mask of cores on Windows. It was not run there: it is written from the documentation of
 * the three calls.
 *
 * @param library The path of `kernel32.dll`.
 * @param mask Bit N stands for core N of the thread's processor group.
 * @returns The error, or the mask read back.
 * @throws {Error} If the library cannot be loaded, or if the permission for it is missing.
 */
export function threadAffinityMask(library: string, mask: bigint): ThreadAffinityMask {
  const kernel = loadLibrary(library, SYMBOLS);
  try {
    const { getCurrentThread, setThreadAffinityMask, getLastError } = kernel.symbols;
    const thread = getCurrentThread();
    if (setThreadAffinityMask(thread, mask) === 0n) return { errno: getLastError(), mask: 0n };
    // The call answers with the mask that was there before it, so a second one reads back what the first one did.
    const after = setThreadAffinityMask(thread, mask);
    return after === 0n ? { errno: getLastError(), mask: 0n } : { errno: 0, mask: after };
  } finally {
    kernel.close();
  }
}
