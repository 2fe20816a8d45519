const FLAG = "--unsafely-ignore-certificate-errors";

/** The flag of Deno that makes it trust every certificate; no program can switch that on by itself. */
export const IGNORE_CERTIFICATES: string = FLAG;

/**
 * Says whether Deno was started with the flag that makes it trust every certificate.
 *
 * @returns `undefined` where the system does not tell, which is everywhere but on Linux.
 */
export function certificatesIgnored(): boolean | undefined {
  try {
    const argv = Deno.readTextFileSync("/proc/self/cmdline").split("\0");
    // What stands behind the name of the program is for the program.
    const script = argv.findIndex((arg, index) => index > 1 && !arg.startsWith("-") && /\.[cm]?[jt]sx?$|:/.test(arg));
    return argv.slice(0, script < 0 ? undefined : script).includes(FLAG);
  } catch {
    return undefined;
  }
}
