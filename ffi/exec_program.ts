import { libcLibrary } from "./libc_library.ts";
import { loadLibrary } from "./load_library.ts";

const SYMBOLS = {
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  signal: { parameters: ["i32", "usize"], result: "usize" },
} as const;

const SIGHUP = 1;
const SIG_IGN = 1n;

/** How {@linkcode execProgram} starts a program. */
export interface ExecProgramOptions {
  /** Let the program ignore SIGHUP until it decides otherwise. Default false. */
  ignoreHangup?: boolean;
}

const encoder = new TextEncoder();

/**
 * Replaces this process by another program, as a shell's `exec` does: the same process id, terminal and standard
 * streams, and nobody in between for signals to get lost at. Linux only.
 *
 * @param path The program.
 * @param argv Its arguments, the first of which is its name.
 * @param env Its environment.
 * @param options What it inherits.
 * @returns Only if it could not be done; nothing has changed then.
 *
 * @example
 * ```ts ignore
 * import { execProgram } from "./exec_program.ts";
 *
 * execProgram("/bin/echo", ["echo", "hello"], {});
 * console.error("there is no /bin/echo");
 * ```
 */
export function execProgram(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  { ignoreHangup = false }: ExecProgramOptions = {},
): void {
  const libraryPath = libcLibrary();
  if (libraryPath === undefined) return;
  const texts = [path, ...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  if (texts.some((text) => text.includes("\0"))) return;
  let library: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    library = loadLibrary(libraryPath, SYMBOLS);
  } catch {
    // Not permitted.
    return;
  }
  const buffers = texts.map((text) => encoder.encode(`${text}\0`));
  const [program, ...rest] = buffers;
  if (ignoreHangup) library.symbols.signal(SIGHUP, SIG_IGN);
  library.symbols.execve(program!, pointers(rest.slice(0, argv.length)), pointers(rest.slice(argv.length)));
  library.close();
}

/** An array of pointers that ends with a null pointer. */
function pointers(buffers: readonly Uint8Array<ArrayBuffer>[]): BigUint64Array<ArrayBuffer> {
  const array = new BigUint64Array(buffers.length + 1);
  for (const [index, buffer] of buffers.entries()) {
    array[index] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
  }
  return array;
}
