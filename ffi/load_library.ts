/**
 * Opens a system library, if that is already permitted: a Worker must not stop at a question in the terminal.
 *
 * @param path The absolute path of the library.
 * @param symbols What to find in it.
 * @returns The open library.
 * @throws {Deno.errors.NotCapable} If the permission is missing.
 * @throws {Error} If the library or a symbol is missing.
 */
export function loadLibrary<const S extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: S,
): Deno.DynamicLibrary<S> {
  if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot load the library as its path must be among the ffi permissions: current value is ${path}`,
    );
  }
  return Deno.dlopen(path, symbols);
}
