import { loadLibrary } from "./load_library.ts";

const SYMBOLS = {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  statvfs: { parameters: ["buffer", "buffer"], result: "i32" },
} as const;

const CLOCK_PROCESS_CPUTIME_ID = 2;
const RLIMIT_NOFILE = 7;
const RLIM_INFINITY = 2n ** 64n - 1n;
const NS_PER_MS = 1e6;
/** More than the structure has in any C library. */
const STATVFS_BYTES = 512;
/** `f_frsize` and `f_bavail`, in words of 64 bits; glibc and musl agree on 64-bit machines. */
const FRAGMENT_SIZE = 1;
const AVAILABLE = 4;

const encoder = new TextEncoder();

/**
 * Numbers that Linux' C library tells at once. Node's modules tell two of them too, but only after 20 ms of loading: at the
 * start of a short run that is much.
 *
 * @example
 * ```ts
 * import { libcLibrary } from "./libc_library.ts";
 * import { LibcNumbers } from "./libc_numbers.ts";
 *
 * using numbers = new LibcNumbers(libcLibrary());
 * numbers.freeBytes("/tmp"); // undefined: another way may tell
 * ```
 */
export class LibcNumbers implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;
  readonly #time = new BigInt64Array(2);

  /** @param library The path of the C library; without one that can be loaded nothing is known. */
  constructor(library: string | undefined) {
    // The layouts are those of 64-bit machines, and Deno runs on no others.
    if (library === undefined || Deno.build.os !== "linux") return;
    try {
      this.#library = loadLibrary(library, SYMBOLS);
    } catch {
      // Not permitted, or not a C library: the caller has another way.
    }
  }

  /** The CPU time that all threads of this process have used, in milliseconds; `undefined` if it is not known. */
  cpuMs(): number | undefined {
    if (this.#library?.symbols.clock_gettime(CLOCK_PROCESS_CPUTIME_ID, this.#time) !== 0) return undefined;
    return Number(this.#time[0]) * 1000 + Number(this.#time[1]) / NS_PER_MS;
  }

  /**
   * The space of a file system that ordinary users may still fill.
   *
   * @param path Any path on it.
   * @returns Bytes; `undefined` if it is not known.
   */
  freeBytes(path: string): number | undefined {
    const answer = new BigUint64Array(STATVFS_BYTES / 8);
    if (this.#library?.symbols.statvfs(encoder.encode(`${path}\0`), answer) !== 0) return undefined;
    return Number(answer[FRAGMENT_SIZE]! * answer[AVAILABLE]!);
  }

  /**
   * How many files, connections and the like this process may have open (`ulimit -n`).
   *
   * @returns `undefined` if it is not known, or if there is no limit.
   */
  openFilesLimit(): number | undefined {
    const limits = new BigUint64Array(2);
    if (this.#library?.symbols.getrlimit(RLIMIT_NOFILE, limits) !== 0) return undefined;
    return limits[0] === RLIM_INFINITY ? undefined : Number(limits[0]);
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library?.close();
  }
}
