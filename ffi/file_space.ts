import { loadLibrary } from "./load_library.ts";
import { PathBuffer } from "./path_buffer.ts";

const ENOSPC = 28;
const EDQUOT = 122;
const O_RDWR_NOFOLLOW_CLOEXEC = Deno.build.arch === "aarch64" ? 0o2100002 : 0o2400002;
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
/** More than the structure has in any C library. */
const STATVFS_BYTES = 512;
/** `f_frsize`, `f_bavail`, `f_files` and `f_favail`, in words of 64 bits; glibc and musl agree on 64-bit machines. */
const FRAGMENT_SIZE = 1;
const AVAILABLE = 4;
const FILES = 5;
const FILES_AVAILABLE = 7;
/** So much is reserved within the call; a file system in memory needs up to 4 ms for it. */
const AT_ONCE = 4 * 1024 * 1024;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32", optional: true },
  fallocateAside: {
    name: "fallocate",
    parameters: ["i32", "i32", "i64", "i64"],
    result: "i32",
    nonblocking: true,
    optional: true,
  },
  statvfs: { parameters: ["buffer", "buffer"], result: "i32" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
  memmove: { parameters: ["buffer", "pointer", "usize"], result: "void" },
} as const;

/** What a file system has left for ordinary users. */
export interface FreeSpace {
  /** Bytes. */
  bytes: number;
  /** Files; `Infinity` where it does not count them. */
  files: number;
}

/**
 * The space of files on Linux: how much is free, and how a file gets it before it is written. It may be used only on the thread
 * that made it, since `errno` lives in that thread.
 *
 * @example
 * ```ts
 * import { FileSpace } from "./file_space.ts";
 * import { libcLibrary } from "./libc_library.ts";
 *
 * using space = new FileSpace(libcLibrary());
 * await space.reserve("/no/such/file", [[0, 1000]]); // "unknown"
 * ```
 */
export class FileSpace implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;
  readonly #errnoLocation: Deno.PointerValue = null;
  readonly #errno = new Int32Array(1);
  readonly #path = new PathBuffer();
  readonly #answer = new BigUint64Array(STATVFS_BYTES / 8);

  /** @param library The path of the C library; without one that can be loaded, nothing is known and nothing reserved. */
  constructor(library: string | undefined) {
    if (library === undefined || Deno.build.os !== "linux") return;
    try {
      this.#library = loadLibrary(library, SYMBOLS);
      this.#errnoLocation = this.#library.symbols.errnoLocation();
    } catch {
      // Not permitted, or not a C library: the caller has another way.
    }
  }

  /** What the file system of a path has left; `undefined` if it is not known. */
  free(path: string): FreeSpace | undefined {
    if (this.#library === undefined || !this.#path.fill(path)) return undefined;
    if (this.#library.symbols.statvfs(this.#path.bytes, this.#answer) !== 0) return undefined;
    const word = (place: number) => Number(this.#answer[place]);
    // Some file systems make files out of the same space, and say that they have none.
    const files = word(FILES) === 0 ? Infinity : word(FILES_AVAILABLE);
    return { bytes: word(FRAGMENT_SIZE) * word(AVAILABLE), files };
  }

  /**
   * Reserves space for what is missing of a file, whose size stays as it is.
   *
   * @param path The file.
   * @param ranges What is missing.
   * @returns `"full"` if the disk or the quota has not enough: part of it may be reserved then; `"unknown"` if this system or this
   * file system has no such call.
   */
  async reserve(
    path: string,
    ranges: readonly (readonly [from: number, to: number])[],
  ): Promise<"reserved" | "full" | "unknown"> {
    const file = this.#open(path);
    if (file === undefined) return "unknown";
    try {
      for (const [from, to] of ranges) {
        // The first of it tells why not, where it does: errno is that of this thread.
        const errno = this.#fallocate(file, KEEP_SIZE, from, Math.min(to - from, AT_ONCE));
        if (errno !== 0) return errno === ENOSPC || errno === EDQUOT ? "full" : "unknown";
        const rest = to - from - AT_ONCE;
        if (rest <= 0) continue;
        const { fallocateAside } = this.#library!.symbols;
        if (await fallocateAside!(file, KEEP_SIZE, BigInt(from + AT_ONCE), BigInt(rest)) !== 0) return "full";
      }
      return "reserved";
    } finally {
      this.#library!.symbols.close(file);
    }
  }

  /** Gives back the space of holes within a file. */
  release(path: string, ranges: readonly (readonly [from: number, to: number])[]): void {
    const file = this.#open(path);
    if (file === undefined) return;
    for (const [from, to] of ranges) this.#fallocate(file, KEEP_SIZE | PUNCH_HOLE, from, to - from);
    this.#library!.symbols.close(file);
  }

  #open(path: string): number | undefined {
    const symbols = this.#library?.symbols;
    if (!symbols?.fallocate || !symbols.fallocateAside || !this.#path.fill(path)) return undefined;
    const file = symbols.open(this.#path.bytes, O_RDWR_NOFOLLOW_CLOEXEC);
    return file < 0 ? undefined : file;
  }

  #fallocate(file: number, mode: number, from: number, length: number): number {
    if (length <= 0) return 0;
    const { fallocate, memmove } = this.#library!.symbols;
    if (fallocate!(file, mode, BigInt(from), BigInt(length)) === 0) return 0;
    memmove(this.#errno, this.#errnoLocation, 4n);
    return this.#errno[0]!;
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library?.close();
  }
}
