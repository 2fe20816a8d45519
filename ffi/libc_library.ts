import { mayRead, readText } from "./read_text.ts";

/** Options for {@linkcode libcLibrary}. */
export interface LibcLibraryOptions {
  /** The text of a memory map to search instead of `/proc/self/maps`. */
  maps?: string;
}

// glibc from 2.34 on; glibc before; musl as a loader; musl by its two other names.
const LIBC_FILE = /\/(?:libc\.so\.6|libc-\d[\d.]*\.so|ld-musl-[^/]+\.so\.1|libc\.musl-[^/]+\.so\.1|libc\.so)$/;
const MAPPED_PATH = /^\S+ \S+ \S+ \S+ \d+ +(\/.*)$/gm;

/**
 * Finds the C library (glibc or musl) that this process has loaded, on Linux.
 *
 * Call it on the main thread with all permissions, as Deno hides `/proc` from everyone else, and hand the result to
 * Workers: an absolute path is what `permissions.ffi: [path]` needs. Without access to `/proc` the usual places are
 * tried.
 *
 * @param options Where to look instead.
 * @returns The absolute path; `undefined` if there is none, or if this is not Linux.
 *
 * @example
 * ```ts
 * import { libcLibrary } from "./libc_library.ts";
 *
 * const library = libcLibrary();
 * const permissions = { ffi: library === undefined ? false : [library] };
 * ```
 */
export function libcLibrary(options: LibcLibraryOptions = {}): string | undefined {
  const maps = options.maps ?? readText("/proc/self/maps") ?? "";
  // A library that was replaced while the process runs is listed as "… (deleted)" and does not match: opening
  // its path would load a second, different C library.
  for (const [, path] of maps.matchAll(MAPPED_PATH)) {
    if (path !== undefined && LIBC_FILE.test(path)) return path;
  }
  return Deno.build.os === "linux" ? candidates(Deno.build.arch).find(isFile) : undefined;
}

function candidates(arch: string): string[] {
  return [
    `/lib/${arch}-linux-gnu/libc.so.6`,
    `/usr/lib/${arch}-linux-gnu/libc.so.6`,
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/lib/libc.so.6",
    "/usr/lib/libc.so.6",
    `/lib/ld-musl-${arch}.so.1`,
    `/usr/lib/ld-musl-${arch}.so.1`,
  ];
}

function isFile(path: string): boolean {
  if (!mayRead(path)) return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
