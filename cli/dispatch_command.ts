import { CFG_FIELDS, CFG_TABLE, type CfgCommand, cfgEnvName } from "../config/cfg_fields.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, hideAddresses, QueueUnavailableError } from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import { type CommandContext, DONE, INCOMPLETE, UNAVAILABLE, USAGE } from "./command_context.ts";
import { setUpLog } from "./log_setup.ts";
import { type Command, parseCommand, UsageError, type WrongWord } from "./parse_command.ts";
import { reexecInsecure } from "./reexec.ts";
import { settleSettings } from "./settle_settings.ts";
import { OutputError, print } from "./print.ts";
import { flushStandard } from "./standard_streams.ts";
import { Terminal } from "./terminal.ts";
import { visibleText } from "./visible_text.ts";

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
    return await report(error, await speaker(argv));
  } finally {
    // A line is queued at the end of the turn in which it was said.
    await Promise.resolve();
    await flushStandard();
  }
}

async function dispatch(command: Command, argv: readonly string[]): Promise<number> {
  if (command.name === "help" || command.name === "completions" || command.name === "man") {
    print(await (await import("./page_text.ts")).pageText(command));
    return DONE;
  }
  if (command.name === "version") {
    print(`corehaul ${config.version} (deno ${Deno.version.deno})`);
    return DONE;
  }
  const { settings, given, unknownVariables, places, sources } = await settleSettings(command);
  if (settings.insecure && downloads(command)) {
    const code = await reexecInsecure(argv);
    if (code !== undefined) return code;
  }
  // Deno would let this variable exempt hosts from the proxy that was asked for.
  if (settings.proxy !== undefined) { for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.delete(name); }
  const terminal = await Terminal.open(isLive(settings, command));
  await using log = await setUpLog(settings, terminal);
  const context: CommandContext = { command, settings, given, places, sources, terminal, logger: log.logger };
  for (const name of unknownVariables) {
    const hint = await hintFor({ word: name, known: [CFG_FIELDS.map(cfgEnvName)] });
    const meant = hint === undefined ? "" : `: ${hint}`;
    log.logger.warn(`the variable ${name} stands for no option, and is ignored${meant}`);
  }
  return await COMMAND_BODIES[command.name](context);
}

const control = async (context: CommandContext) => (await import("./commands/control.ts")).controlCommand(context);

/** What each command does; only one of them is loaded. */
const COMMAND_BODIES: Readonly<Record<CfgCommand, (context: CommandContext) => Promise<number>>> = {
  run: async (context) => (await import("./commands/run.ts")).runCommand(context),
  get: async (context) => (await import("./commands/get.ts")).getCommand(context),
  add: async (context) => (await import("./commands/add.ts")).addCommand(context),
  check: async (context) => (await import("./commands/check.ts")).checkCommand(context),
  list: async (context) => (await import("./commands/list.ts")).listCommand(context),
  why: async (context) => (await import("./commands/why.ts")).whyCommand(context),
  status: async (context) => (await import("./commands/status.ts")).statusCommand(context),
  pause: control,
  resume: control,
  cancel: control,
  retry: control,
  remove: control,
  priority: control,
  manifest: async (context) => (await import("./commands/manifest.ts")).manifestCommand(context),
  collect: async (context) => (await import("./commands/collect.ts")).collectCommand(context),
  gc: async (context) => (await import("./commands/gc.ts")).gcCommand(context),
  clean: async (context) => (await import("./commands/clean.ts")).cleanCommand(context),
  doctor: async (context) => (await import("./commands/doctor.ts")).doctorCommand(context),
};

function downloads(command: Command): boolean {
  return command.name === "run" || command.name === "get";
}

function isLive(settings: CfgSettings, command: Command): boolean {
  if (!downloads(command) && !(command.name === "manifest" && settings.verify)) return false;
  if (settings.progress !== "auto") return settings.progress === "bar";
  return !settings.json && Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** What is said of a wrong word is loaded only then. */
async function hintFor(wrong: WrongWord): Promise<string | undefined> {
  return (await import("./usage_hint.ts")).usageHint(wrong);
}

/** Says things in the language that the user wants, as far as the settings can be wrong. */
async function speaker(argv: readonly string[]): Promise<(message: string) => string> {
  const at = argv.findLastIndex((word) => word === "--lang" || word.startsWith("--lang="));
  const given = at < 0 ? Deno.env.get("CFG_LANG") : argv[at]!.split("=")[1] ?? argv[at + 1];
  const lang = given ?? CFG_TABLE.lang.defaultFrom(Deno.env.toObject());
  return lang === "zh" ? (await import("./chinese.ts")).inChinese : (message) => message;
}

/** Says what went wrong, in one line for each problem, and gives the exit code for it. */
async function report(error: unknown, spoken: (message: string) => string): Promise<number> {
  const say = (message: string) =>
    new Terminal().line(`corehaul: ${spoken(message).split("\n").map(visibleText).join("\n")}`);
  if (error instanceof CfgError) {
    for (const { message, field, known } of error.problems) {
      const hint = known === undefined ? undefined : await hintFor({ word: field, known: [known] });
      say(hint === undefined ? message : `${message}: ${hint}`);
    }
    return USAGE;
  }
  // Whoever read the answer, such as head, has seen enough of it.
  if (error instanceof Deno.errors.BrokenPipe) return DONE;
  if (error instanceof UsageError) {
    const hint = error.wrong === undefined ? undefined : await hintFor(error.wrong);
    const said = hideAddresses(error.message);
    say(hint === undefined ? `${said}; see corehaul --help` : `${said}: ${hint}`);
    return USAGE;
  }
  if (error instanceof OutputError) {
    say(error.message);
    return INCOMPLETE;
  }
  if (error instanceof QueueUnavailableError) {
    say(error.message);
    return UNAVAILABLE;
  }
  if (error instanceof Deno.errors.NotCapable) {
    say(`${error.message}; deno run -A gives every permission that corehaul can need`);
    return USAGE;
  }
  say(error instanceof Error ? error.stack ?? error.message : String(error));
  return INCOMPLETE;
}
