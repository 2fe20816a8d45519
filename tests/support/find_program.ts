/**
 * Finds a program that the tests start.
 *
 * @param name Its name, which is also that of its Debian package unless `pkg` says otherwise.
 * @param versionArgs Arguments with which it says its version and does nothing else.
 * @param pkg The Debian package.
 * @returns The name or path to start it by.
 * @throws {Error} If it is missing: that is a failure and no reason to skip.
 */
export async function findProgram(name: string, versionArgs: string[], pkg: string = name): Promise<string> {
  // Daemons live in /usr/sbin, which is not in everybody's PATH.
  for (const path of [name, `/usr/sbin/${name}`]) {
    try {
      await new Deno.Command(path, { args: versionArgs, stdin: "null" }).output();
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`Cannot find ${name}, which the tests need: install it, on Debian by "apt-get install ${pkg}"`);
}
