import { TEST_PROGRAMS, type TestProgram } from "./test_programs.ts";

/** Debian keeps daemons here, which is not in everybody's `PATH`. */
const DAEMONS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Tells which Debian packages the tests miss.
 *
 * @param programs What they start. Default: {@linkcode TEST_PROGRAMS}.
 * @param path The folders to look in, as `PATH` has them. Default: those of `PATH`.
 * @returns The names of the packages, each once, in the order of the programs.
 */
export async function missingPackages(
  programs: readonly TestProgram[] = TEST_PROGRAMS,
  path: string = Deno.env.get("PATH") ?? "",
): Promise<string[]> {
  const folders = [...path.split(":").filter((folder) => folder !== ""), ...DAEMONS];
  const missing = new Set<string>();
  for (const program of programs) {
    if (!await isThere(program, folders)) missing.add(program.debianPackage);
  }
  return [...missing];
}

async function isThere({ name, probe }: TestProgram, folders: readonly string[]): Promise<boolean> {
  if (probe !== undefined) return await succeeds(probe);
  for (const folder of folders) {
    if (await isProgram(`${folder}/${name}`)) return true;
  }
  return false;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    // A folder of PATH that is not there, or not ours to read, has no program for us.
    return false;
  }
}

async function succeeds([program, ...args]: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
