import { UsageError } from "./usage_error.ts";

/** A program that the bench runs, and where it comes from. */
export interface Program {
  /** Path, or name to be looked up in `PATH`. */
  readonly path: string;
  /** The number that it gives as its version, or its first line when there is none. */
  readonly version: string;
}

/** Debian keeps servers here, and a normal user's `PATH` does not. */
const SYSTEM_FOLDERS = ["", "/usr/sbin/"];

/**
 * Finds a program and asks for its version.
 *
 * @param name Name of the program, or its absolute path.
 * @param versionArgs Arguments that make it print its version.
 * @param debianPackage The Debian package that holds it, for the error message.
 * @throws {UsageError} If the program is missing or cannot run.
 */
export async function findProgram(
  name: string,
  versionArgs: readonly string[],
  debianPackage: string,
): Promise<Program> {
  const folders = name.startsWith("/") ? [""] : SYSTEM_FOLDERS;
  for (const folder of folders) {
    const path = folder + name;
    try {
      const output = await new Deno.Command(path, {
        args: [...versionArgs],
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const text = decoder.decode(output.stdout) + decoder.decode(output.stderr);
      const line = text.trim().split("\n")[0] ?? "";
      return { path, version: /\d+(\.\d+)+/.exec(line)?.[0] ?? line };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new UsageError(
    `Cannot run the bench as ${name} must be installed: Debian's package is ${debianPackage} (apt-get install ${debianPackage}), ` +
      "or leave the tool out with --tools",
  );
}
