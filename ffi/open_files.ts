import { LibcNumbers } from "./libc_numbers.ts";
import { mayRead } from "./read_text.ts";

/** What a process may have open, and has. */
export interface OpenFiles {
  /** How many files, connections and the like it may have open at a time (`ulimit -n`). */
  limit: number;
  /** How many it has open. */
  open: number;
}

/** What a process of Deno has open that does nothing, where it cannot be counted. */
const OF_DENO = 22;
const FOLDER = "/proc/self/fd";

/**
 * Tells how many files this process may have open, and how many it has, on Linux. Only with all permissions they can be counted,
 * as Deno hides `/proc` otherwise.
 *
 * @param library The path of the C library.
 * @returns `undefined` if it is not known, or if there is no limit.
 *
 * @example
 * ```ts
 * import { libcLibrary } from "./libc_library.ts";
 * import { openFiles } from "./open_files.ts";
 *
 * const { limit, open } = openFiles(libcLibrary()) ?? { limit: Infinity, open: 0 };
 * console.log(`${open} of ${limit}`);
 * ```
 */
export function openFiles(library: string | undefined): OpenFiles | undefined {
  using numbers = new LibcNumbers(library);
  const limit = numbers.openFilesLimit();
  return limit === undefined ? undefined : { limit, open: count() };
}

function count(): number {
  if (!mayRead(FOLDER)) return OF_DENO;
  try {
    let open = 0;
    for (const _ of Deno.readDirSync(FOLDER)) open++;
    // One of them was the folder.
    return open - 1;
  } catch {
    return OF_DENO;
  }
}
