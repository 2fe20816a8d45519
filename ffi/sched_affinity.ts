import { loadLibrary } from "./load_library.ts";
import { MAX_CORE } from "../base/max_core.ts";

/** `EINVAL` of Linux: the mask holds no core that the thread may use, or the buffer is too small. */
export const EINVAL = 22;

/** The answer of {@linkcode SchedAffinity.get}. */
export interface AffinityMask {
  /** 0, or the error number of the failed call. */
  errno: number;
  /** The cores in the mask, ascending; empty on failure. */
  cores: number[];
}

const SYMBOLS = {
  setAffinity: { name: "sched_setaffinity", parameters: ["i32", "usize", "buffer"], result: "i32" },
  getAffinity: { name: "sched_getaffinity", parameters: ["i32", "usize", "buffer"], result: "i32" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
  // Reads errno: Deno's own pointer views demand the permission for every library, not only for this one.
  memmove: { parameters: ["buffer", "pointer", "usize"], result: "void" },
} as const;

// 1,024 cores, the size of the C library's own fixed mask.
const MIN_BYTES = 128;
const MAX_BYTES = (MAX_CORE + 1) / 8;
const CALLING_THREAD = 0;

/**
 * The scheduler calls of the C library on Linux (glibc and musl), for the calling thread. It may be used only on the
 * thread that made it, since `errno` lives in that thread.
 */
export class SchedAffinity implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #errnoLocation: Deno.PointerValue;
  readonly #errnoValue = new Int32Array(1);

  /**
   * Opens the library.
   *
   * @param library The path of the C library.
   * @throws {Error} If it cannot be loaded, or if the permission for it is missing.
   */
  constructor(library: string) {
    this.#library = loadLibrary(library, SYMBOLS);
    // Located before any call, so that nothing runs between a failed call and the reading of its error.
    this.#errnoLocation = this.#library.symbols.errnoLocation();
  }

  /** Reads the mask of the calling thread. */
  get(): AffinityMask {
    let errno = EINVAL;
    // A kernel built for more cores than the buffer holds answers EINVAL, whatever the number of real cores.
    for (let bytes = MIN_BYTES; bytes <= MAX_BYTES && errno === EINVAL; bytes *= 2) {
      const mask = new Uint8Array(bytes);
      if (this.#library.symbols.getAffinity(CALLING_THREAD, BigInt(bytes), mask) >= 0) {
        return { errno: 0, cores: coresOf(mask) };
      }
      errno = this.#readErrno();
    }
    return { errno, cores: [] };
  }

  /**
   * Binds the calling thread to cores.
   *
   * @param cores Each from 0 to `MAX_CORE`.
   * @returns 0, or the error number of the failed call.
   */
  set(cores: readonly number[]): number {
    // The kernel reads whole words: the size is a multiple of 8.
    const bytes = Math.max(MIN_BYTES, (Math.floor(Math.max(0, ...cores) / 64) + 1) * 8);
    const mask = new Uint8Array(bytes);
    for (const core of cores) mask[core >> 3]! |= 1 << (core & 7);
    if (this.#library.symbols.setAffinity(CALLING_THREAD, BigInt(bytes), mask) >= 0) return 0;
    return this.#readErrno();
  }

  #readErrno(): number {
    this.#library.symbols.memmove(this.#errnoValue, this.#errnoLocation, 4n);
    return this.#errnoValue[0] ?? 0;
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library.close();
  }
}

// Both architectures that Deno runs on are little-endian, so the words of a mask are also its bytes in order.
function coresOf(mask: Uint8Array): number[] {
  const cores: number[] = [];
  for (const [index, byte] of mask.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte >> bit & 1) === 1) cores.push(index * 8 + bit);
    }
  }
  return cores;
}
