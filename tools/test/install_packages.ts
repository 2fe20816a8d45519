import { fileExists } from "../../base/file_exists.ts";
import { ServicePolicy } from "./service_policy.ts";

/** What {@linkcode mayInstall} looks at. */
export interface InstallSituation {
  /** The user asked for it. */
  readonly asked: boolean;
  /** The variables of this process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user id. */
  readonly uid: number | null;
  /** True if a file is there. Default: looks. */
  readonly exists?: (path: string) => boolean;
}

/** Whether packages may be installed, or why not. */
export type InstallPermission = { type: "allowed" } | { type: "refused"; reason: string };

/** Files and variables by which engines mark their containers. */
const CONTAINER_FILES = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
const CONTAINER_VARIABLES = ["container", "KUBERNETES_SERVICE_HOST"];
/** Signals that end this process, after the policy was put back. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Says whether the tests may install Debian packages: on Debian and its kin, as root, in a container, or where `CI` is set, or
 * where the user asks for it.
 */
export function mayInstall({ asked, env, uid, exists = fileExists }: InstallSituation): InstallPermission {
  const refused = (reason: string): InstallPermission => ({ type: "refused", reason });
  if (!exists("/etc/debian_version")) return refused("this system is not Debian or Ubuntu");
  if (uid !== 0) return refused("only root may install packages");
  const isCi = !["", "0", "false", undefined].includes(env.CI?.toLowerCase());
  const isContainer = CONTAINER_FILES.some(exists) || CONTAINER_VARIABLES.some((name) => Boolean(env[name]));
  if (asked || isCi || isContainer) return { type: "allowed" };
  return refused("this is no container, and neither CI nor --install allows it");
}

/** The one line that installs packages. */
export function installLine(packages: readonly string[], uid: number | null): string {
  const sudo = uid === 0 ? "" : "sudo ";
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/**
 * Installs Debian packages. Debian does not start the services in them: the tests start their own.
 *
 * @param packages Their names.
 * @throws {Error} If `apt-get` fails; its output was shown.
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const ended = new AbortController();
  const stop = () => ended.abort();
  // Before the policy changes and until it is back, no signal ends this process.
  for (const signal of ENDING) Deno.addSignalListener(signal, stop);
  try {
    await using _policy = await ServicePolicy.forbid();
    await aptGet(["update"], ended.signal);
    await aptGet(["install", "-y", "--no-install-recommends", ...packages], ended.signal);
  } finally {
    for (const signal of ENDING) Deno.removeSignalListener(signal, stop);
  }
}

async function aptGet(args: string[], signal: AbortSignal): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const command = new Deno.Command("apt-get", {
    args,
    env,
    signal,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
  const { code } = await command.spawn().status;
  if (signal.aborted) throw new Error(`Cannot install packages as apt-get ${args[0]} was stopped`);
  if (code !== 0) throw new Error(`Cannot install packages as apt-get ${args[0]} failed with exit code ${code}`);
}
