const MARK = "COREHAUL_REEXEC";
const FLAGS = ["--unstable-kv", "--unstable-worker-options"];

/**
 * Says whether this process lacks what Deno gives only with a flag. A checkout has the flags in its deno.json and a
 * compiled binary has them built in; a package from a registry has neither.
 */
export function needsReexec(): boolean {
  if (Deno.build.standalone || isReexecuted()) return false;
  return typeof Deno.openKv !== "function" || !import.meta.url.startsWith("file:");
}

/** True in the process that {@linkcode reexec} started. */
export function isReexecuted(): boolean {
  return Deno.env.get(MARK) !== undefined;
}

/**
 * Runs the same command once more with the flags, forwards SIGINT and SIGTERM, and waits.
 *
 * @param args The arguments of the command.
 * @returns The exit code of the child.
 */
export async function reexec(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...FLAGS, specifier(import.meta.url), ...args],
    env: { [MARK]: "1" },
  }).spawn();
  const forwards = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const forward = () => {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself.
      }
    };
    Deno.addSignalListener(signal, forward);
    return () => Deno.removeSignalListener(signal, forward);
  });
  const { code } = await child.status;
  for (const stop of forwards) stop();
  return code;
}

/** What to run again: Deno takes a package of a registry only by its `jsr:` name. */
function specifier(url: string): string {
  const match = /\/(@[^/]+\/[^/]+)\/([^/]+)\/cli\/reexec\.ts$/.exec(new URL(url).pathname);
  if (url.startsWith("file:") || match === null) return new URL("../mod.ts", url).href;
  return `jsr:${match[1]}@${match[2]}`;
}
