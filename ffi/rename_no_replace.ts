import { loadLibrary } from "./load_library.ts";

/** The name is taken. */
const EEXIST = 17;
/** No library, or no such call. */
const ENOSYS = 38;
const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;
/** The longest path that Linux takes, with the zero byte at its end. */
const PATH_MAX = 4096;

const SYMBOLS = {
  // glibc has it from 2.28 on, musl from 1.2.6 on.
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32", optional: true },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
  memmove: { parameters: ["buffer", "pointer", "usize"], result: "void" },
} as const;

const encoder = new TextEncoder();

/**
 * Linux' rename that never replaces a file, in one call; Deno's own always replaces. It may be used only on the thread
 * that made it, since `errno` lives in that thread.
 *
 * @example
 * ```ts
 * import { libcLibrary } from "./libc_library.ts";
 * import { RenameNoReplace } from "./rename_no_replace.ts";
 *
 * using renamer = new RenameNoReplace(libcLibrary());
 * renamer.rename("/no/such/file", "/no/such/name"); // "failed": another way may tell why
 * ```
 */
export class RenameNoReplace implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;
  readonly #errnoLocation: Deno.PointerValue = null;
  readonly #errno = new Int32Array(1);
  readonly #from = new Uint8Array(PATH_MAX);
  readonly #to = new Uint8Array(PATH_MAX);

  /** @param library The path of the C library; without one that can be loaded, every call answers `"failed"`. */
  constructor(library: string | undefined) {
    if (library === undefined || Deno.build.os !== "linux") return;
    try {
      this.#library = loadLibrary(library, SYMBOLS);
      this.#errnoLocation = this.#library.symbols.errnoLocation();
    } catch {
      // Not permitted, or not a C library: the caller has another way.
    }
  }

  /**
   * Renames a file.
   *
   * @param from Its path.
   * @param to The new one.
   * @returns `"exists"` if something has the new name already; `"failed"` for every other reason, which may be that
   * this system or this file system has no such call.
   */
  rename(from: string, to: string): "renamed" | "exists" | "failed" {
    const errno = this.#call(from, to);
    return errno === 0 ? "renamed" : errno === EEXIST ? "exists" : "failed";
  }

  #call(from: string, to: string): number {
    const symbols = this.#library?.symbols;
    if (!symbols?.renameat2 || !fill(this.#from, from) || !fill(this.#to, to)) return ENOSYS;
    if (symbols.renameat2(AT_FDCWD, this.#from, AT_FDCWD, this.#to, RENAME_NOREPLACE) === 0) return 0;
    symbols.memmove(this.#errno, this.#errnoLocation, 4n);
    return this.#errno[0]!;
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library?.close();
  }
}

/** Writes a path and its zero byte; false if that does not fit, or the path could be read as another one. */
function fill(buffer: Uint8Array, path: string): boolean {
  const { read, written } = encoder.encodeInto(path, buffer);
  if (read < path.length || written === buffer.length || path.includes("\0")) return false;
  buffer[written] = 0;
  return true;
}
