/**
 * Runs commands one after the other, each as a process of its own would: with its own arguments, folder and variables. A line of
 * standard input is a {@linkcode CommandRequest} as JSON; after a command both outputs say that it has ended, and with which code.
 *
 * @module
 */
import { dispatchCommand } from "../../cli/dispatch_command.ts";

/** A command to run. */
export interface CommandRequest {
  args: readonly string[];
  cwd: string;
  /** All variables. */
  env: Readonly<Record<string, string>>;
  /** What both outputs say at its end, followed by the exit code and a line break. */
  mark: string;
}

async function runCommand({ args, cwd, env, mark }: CommandRequest): Promise<void> {
  for (const name of Object.keys(Deno.env.toObject())) if (!Object.hasOwn(env, name)) Deno.env.delete(name);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  Deno.chdir(cwd);
  const end = new TextEncoder().encode(`${mark}${await dispatchCommand(args)}\n`);
  // The folder of a test goes with its test.
  Deno.chdir("/");
  await unpin();
  Deno.stdout.writeSync(end);
  Deno.stderr.writeSync(end);
}

/** Lets the main thread run where it could at the start: commands that download leave it bound to one core. */
async function unpin(): Promise<void> {
  if (allowed === undefined || allowedCores() === allowed) return;
  await new Deno.Command("taskset", { args: ["-cp", allowed, String(Deno.pid)], stdout: "null" }).output();
}

function allowedCores(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
}

const allowed = allowedCores();
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) await runCommand(JSON.parse(line));
}
