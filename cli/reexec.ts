import { CfgError } from "../config/cfg_error.ts";
import { certificatesIgnored, IGNORE_CERTIFICATES } from "../config/certificates_ignored.ts";
import { execProgram } from "../ffi/exec_program.ts";
import { ignoresHangup, NOHUP } from "./hangup.ts";
import { NO_PROMPT, REEXEC_MARK, UNSTABLE_FLAGS, V8_FLAGS } from "./start_flags.ts";

/** How this process was started: by the user, or by {@linkcode reexec} in its place or as its child. */
const startedAs = takeMark();

/** True in a child that {@linkcode reexec} started: a signal from a terminal reaches it twice. */
export function isReexecChild(): boolean {
  return startedAs?.startsWith("child") ?? false;
}

/**
 * Runs the same command once more with the flags that Deno takes only at the start, if they are not there: in place of
 * this process where that is possible, and else as a child whose exit code is returned. A compiled binary has them built in.
 *
 * @param args The arguments of the command.
 * @returns The exit code of the child; `undefined` if there is nothing to do.
 */
export async function reexec(args: readonly string[]): Promise<number | undefined> {
  if (Deno.build.standalone || startedAs !== undefined) return undefined;
  execSelf([...UNSTABLE_FLAGS, ...mayAll() ? [NO_PROMPT] : []], "exec");
  // Without the flags for memory and speed it works all the same.
  const works = typeof Deno.openKv === "function" && import.meta.url.startsWith("file:");
  return works ? undefined : await runChild(args, "child");
}

/**
 * Runs the same command once more so that Deno trusts every certificate, if it does not; otherwise like {@linkcode reexec}.
 *
 * @param args The arguments of the command.
 * @returns The exit code of the child; `undefined` if there is nothing to do, or nothing that can be done.
 * @throws {CfgError} If Deno may not start anything.
 */
export async function reexecInsecure(args: readonly string[]): Promise<number | undefined> {
  if (Deno.build.standalone || startedAs?.includes("insecure") || certificatesIgnored()) return undefined;
  execSelf([IGNORE_CERTIFICATES], "exec insecure");
  try {
    return await runChild(args, "child insecure", [IGNORE_CERTIFICATES]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const message = `Cannot use --insecure as Deno must be started with ${IGNORE_CERTIFICATES}`;
    throw new CfgError([{ field: "insecure", source: "options", message }]);
  }
}

/** True if Deno would ask about nothing that this thread does. */
function mayAll(): boolean {
  const names = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;
  return names.every((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/** Runs the command in place of this process; comes back if that is not possible. */
function execSelf(flags: readonly string[], mark: string): void {
  const own = ownCommand(flags);
  if (own === undefined) return;
  const env = { ...Deno.env.toObject(), [REEXEC_MARK]: marked(mark) };
  execProgram(Deno.execPath(), own, env, { ignoreHangup: ignoresHangup() });
}

/**
 * The command of this process with the flags added; it keeps whatever else the user gave to Deno. Only Linux tells it.
 *
 * @returns `undefined` if it is not known, or not of a form that flags can be added to.
 */
function ownCommand(flags: readonly string[]): string[] | undefined {
  let argv: string[];
  try {
    argv = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
  } catch {
    return undefined;
  }
  const [program, command, ...rest] = argv;
  if (program === undefined || command !== "run") return undefined;
  // Whoever tunes V8 knows better, and a debugger must not lose its process.
  const tuned = rest.some((flag) => flag.startsWith("--v8-flags") || flag.startsWith("--inspect"));
  return [program, command, ...flags, ...(tuned ? [] : [V8_FLAGS]), ...rest];
}

/** Runs the command as a child, forwards the signals that end it, and waits. */
async function runChild(args: readonly string[], mark: string, flags: readonly string[] = []): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      NO_PROMPT,
      "--quiet",
      ...UNSTABLE_FLAGS,
      ...flags,
      V8_FLAGS,
      specifier(import.meta.url),
      ...args,
    ],
    env: { [REEXEC_MARK]: marked(mark) },
  }).spawn();
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM", ...ignoresHangup() ? [] : ["SIGHUP" as const]];
  const forwards = signals.map((signal) => {
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

/** The mark of the next process, which says too that it has to ignore SIGHUP. */
function marked(mark: string): string {
  return ignoresHangup() ? `${mark} ${NOHUP}` : mark;
}

/** What to run again: Deno takes a package of a registry only by its `jsr:` name. */
function specifier(url: string): string {
  const match = /\/(@[^/]+\/[^/]+)\/([^/]+)\/cli\/reexec\.ts$/.exec(new URL(url).pathname);
  if (url.startsWith("file:") || match === null) return new URL("../mod.ts", url).href;
  return `jsr:${match[1]}@${match[2]}`;
}

/** Reads the mark, and takes it away: programs that this one starts are not marked by it. */
function takeMark(): string | undefined {
  const mark = Deno.env.get(REEXEC_MARK);
  if (mark !== undefined) Deno.env.delete(REEXEC_MARK);
  return mark;
}
