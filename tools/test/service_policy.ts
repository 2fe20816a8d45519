/** Where Debian asks whether it may start what it installs. */
const POLICY = "/usr/sbin/policy-rc.d";
const MARK = "# The tests of Corehaul wrote this while they installed packages.";
const TEXT = `#!/bin/sh\n${MARK}\nexit 101\n`;

/**
 * Forbids Debian to start the services that it installs, until it is disposed. The policy that was there before is kept
 * beside it and put back; a policy that a killed process left is put right by the next one.
 *
 * @example
 * ```ts ignore
 * await using _policy = await ServicePolicy.forbid();
 * // apt-get install …
 * ```
 */
export class ServicePolicy implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Forbids it.
   *
   * @param path The policy. Default: Debian's.
   */
  static async forbid(path: string = POLICY): Promise<ServicePolicy> {
    await putBack(path);
    // The name appears in one step, so that no moment is without a policy.
    const draft = `${path}.corehaul-new`;
    await Deno.writeTextFile(draft, TEXT);
    await Deno.chmod(draft, 0o755);
    await unlessMissing(Deno.link(path, kept(path)));
    await Deno.rename(draft, path);
    return new ServicePolicy(path);
  }

  /** Puts the policy back as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    await putBack(this.#path);
  }
}

function kept(path: string): string {
  return `${path}.before-corehaul`;
}

async function putBack(path: string): Promise<void> {
  const current = await unlessMissing(Deno.readTextFile(path));
  const isOurs = current?.includes(MARK) === true;
  const saved = await unlessMissing(Deno.lstat(kept(path)));
  if (isOurs && saved === undefined) await Deno.remove(path);
  else if (isOurs) await Deno.rename(kept(path), path);
  // Killed between the two steps of forbidding: nothing was replaced yet.
  else if (saved !== undefined) await Deno.remove(kept(path));
  await unlessMissing(Deno.remove(`${path}.corehaul-new`));
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
