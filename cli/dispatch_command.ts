import type { CfgCommand } from "../config/cfg_fields.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, QueueUnavailableError, TaskFileError } from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import { addCommand } from "./commands/add.ts";
import { checkCommand } from "./commands/check.ts";
import { controlCommand } from "./commands/control.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gcCommand } from "./commands/gc.ts";
import { getCommand } from "./commands/get.ts";
import { listCommand } from "./commands/list.ts";
import { manifestCommand } from "./commands/manifest.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { whyCommand } from "./commands/why.ts";
import { type CommandContext, DONE, INCOMPLETE, UNAVAILABLE, USAGE } from "./command_context.ts";
import { helpText } from "./help.ts";
import { setUpLog } from "./log_setup.ts";
import { type Command, parseCommand, UsageError } from "./parse_command.ts";
import { reexecInsecure } from "./reexec.ts";
import { settleSettings } from "./settle_settings.ts";
import { print, Terminal } from "./terminal.ts";

/**
 * Runs one command; each is a file in `cli/commands/`.
 *
 * @param argv The arguments.
 * @returns The exit code.
 */
export async function dispatchCommand(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(parseCommand(argv), argv);
  } catch (error) {
    return report(error);
  }
}

async function dispatch(command: Command, argv: readonly string[]): Promise<number> {
  if (command.name === "help") {
    print(helpText(command.topic));
    return DONE;
  }
  if (command.name === "version") {
    print(`corehaul ${config.version} (deno ${Deno.version.deno})`);
    return DONE;
  }
  const settings = await settleSettings(command);
  if (settings.insecure && downloads(command)) {
    const code = await reexecInsecure(argv);
    if (code !== undefined) return code;
  }
  // Deno would let this variable exempt hosts from the proxy that was asked for.
  if (settings.proxy !== undefined) { for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.delete(name); }
  const terminal = await Terminal.open(isLive(settings, command));
  await using log = await setUpLog(settings, terminal);
  const context: CommandContext = { command, settings, terminal, logger: log.logger };
  return await COMMAND_BODIES[command.name](context);
}

/** What each command does. */
const COMMAND_BODIES: Readonly<Record<CfgCommand, (context: CommandContext) => Promise<number>>> = {
  run: runCommand,
  get: getCommand,
  add: addCommand,
  check: checkCommand,
  list: listCommand,
  why: whyCommand,
  status: statusCommand,
  pause: controlCommand,
  resume: controlCommand,
  cancel: controlCommand,
  retry: controlCommand,
  remove: controlCommand,
  priority: controlCommand,
  manifest: manifestCommand,
  gc: gcCommand,
  doctor: doctorCommand,
};

function downloads(command: Command): boolean {
  return command.name === "run" || command.name === "get";
}

function isLive(settings: CfgSettings, command: Command): boolean {
  if (!downloads(command)) return false;
  return settings.progress === "bar" || (settings.progress === "auto" && !settings.json && Deno.stderr.isTerminal());
}

/** Says what went wrong, in one line for each problem, and gives the exit code for it. */
function report(error: unknown): number {
  const say = (message: string) => new Terminal().line(`corehaul: ${message}`);
  if (error instanceof CfgError) {
    for (const problem of error.problems) say(problem.message);
    return USAGE;
  }
  // Whoever read the answer, such as head, has seen enough of it.
  if (error instanceof Deno.errors.BrokenPipe) return DONE;
  if (error instanceof UsageError) {
    say(`${error.message}; see corehaul --help`);
    return USAGE;
  }
  if (error instanceof TaskFileError) {
    say(`--input, line ${error.line}, column ${error.column}: ${error.message}`);
    return USAGE;
  }
  if (error instanceof QueueUnavailableError) {
    say(error.message);
    return UNAVAILABLE;
  }
  say(error instanceof Error ? error.stack ?? error.message : String(error));
  return INCOMPLETE;
}
