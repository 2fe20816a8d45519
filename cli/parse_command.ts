import { parseArgs } from "@std/cli/parse-args";
import { CONTROLLING } from "../config/cfg_field.ts";
import { CFG_FIELDS, type CfgCommand, type CfgField } from "../config/cfg_fields.ts";

/** What the user typed. */
export interface Command {
  /** The command; `run` if none was named. */
  name: CfgCommand | "help" | "version";
  /** The command to explain, for `help`. */
  topic?: CfgCommand;
  /** What is neither the command nor a flag. */
  args: string[];
  /** Flags and their values. */
  flags: Record<string, string | string[]>;
  /** The configuration file. */
  config?: string;
}

/** What the user typed makes no sense. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Every command, with what stands behind it and what it does. */
export const COMMANDS: Readonly<Record<CfgCommand, { usage: string; help: string }>> = {
  run: { usage: "run [CPU_THRESHOLD]", help: "watch the task file and download until stopped" },
  get: { usage: "get URL… [-i FILE]", help: "download and exit, on a list of its own" },
  add: { usage: "add URL… [-i FILE]", help: "put tasks on the list, whether or not anything is running" },
  check: { usage: "check FILE…", help: "say what would become of the entries of task files, and store nothing" },
  list: { usage: "list", help: "show the tasks of the list" },
  why: { usage: "why ID…", help: "tell the story of a task: its attempts, why they failed, and what is next" },
  status: { usage: "status", help: "count the tasks, and show who works on them" },
  pause: { usage: "pause [ID…]", help: "take tasks out of the work, running ones too, until resume" },
  resume: { usage: "resume [ID…]", help: "let paused tasks go on where they were" },
  cancel: { usage: "cancel [ID…]", help: "end tasks that are not done" },
  retry: { usage: "retry [ID…]", help: "let tasks that failed, are done or canceled wait again" },
  remove: { usage: "remove [ID…]", help: "take tasks off the list; their files stay" },
  priority: { usage: "priority N [ID…]", help: "give tasks another priority; higher goes first" },
  manifest: {
    usage: "manifest",
    help: "tell where every finished file is from; with --verify, whether it is still the same",
  },
  collect: { usage: "collect DIR…", help: "merge the manifests of several download folders into one" },
  gc: { usage: "gc", help: "forget tasks that were done or canceled longer ago than --keep; files stay" },
  clean: { usage: "clean", help: "list unfinished files that nobody can continue; with --yes, remove them" },
  doctor: { usage: "doctor", help: "check what this machine allows" },
};

/**
 * Reads the command line.
 *
 * @param argv The arguments.
 * @returns The command.
 * @throws {UsageError} If a flag is unknown, lacks its value, or does not belong to the command.
 */
export function parseCommand(argv: readonly string[]): Command {
  const unknown: string[] = [];
  const { rest, priority } = takePriority(joinNegatives(argv));
  const valued = ["config", ...CFG_FIELDS.filter(takesValue).map((field) => field.flag)];
  assertValues(rest);
  const parsed: Record<string, unknown> = parseArgs(rest, {
    string: ["_", ...valued],
    boolean: ["help", "version", ...CFG_FIELDS.filter((field) => !takesValue(field)).map((field) => field.flag)],
    // Lists of all values, so that an option which was not given can be told from an empty one.
    collect: valued,
    negatable: CFG_FIELDS.filter((field) => field.negatable).map((field) => field.flag),
    alias: { h: "help", V: "version", ...shortNames() },
    unknown: (arg: string, key?: string) => {
      if (key !== undefined) unknown.push(arg);
      return key === undefined;
    },
  });
  const words = (parsed._ as (string | number)[]).map(String);
  const named = isCommand(words[0]) ? words[0] : undefined;
  if (priority.length > 0 && named !== "priority") unknown.push(...priority);
  if (unknown.length > 0) throw new UsageError(`Unknown option ${unknown[0]!.replace(/=.*$/s, "")}`);
  if (parsed.help === true || words[0] === "help") {
    const topic = named ?? (isCommand(words[1]) ? words[1] : undefined);
    return { name: "help", args: [], flags: {}, ...(topic === undefined ? {} : { topic }) };
  }
  if (parsed.version === true) return { name: "version", args: [], flags: {} };
  const name = named ?? "run";
  const args = [...priority, ...(named === undefined ? words : words.slice(1))];
  const flags = readFlags(argv, parsed, name);
  takeThreshold(name, args, flags, named !== undefined);
  const config = lastValue("config", parsed.config as string[]);
  return { name, args, flags, ...(config === undefined ? {} : { config }) };
}

/** Makes `--retry-wait -1` and `--input -` one argument: the parser takes what begins with a - for a flag. */
function joinNegatives(argv: readonly string[]): string[] {
  const valued = new Set(CFG_FIELDS.filter(takesValue).flatMap(names));
  const joined: string[] = [];
  for (const arg of argv) {
    if (/^-(?:\d|$)/.test(arg) && valued.has(joined.at(-1) ?? "")) joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/** `corehaul priority -1 t5`: the parser would take the number for a flag, and the id behind it for its value. */
function takePriority(argv: readonly string[]): { rest: string[]; priority: string[] } {
  const at = argv.findIndex((arg, index) => argv[index - 1] === "priority" && /^-\d+$/.test(arg));
  return at < 0 ? { rest: [...argv], priority: [] } : { rest: argv.toSpliced(at, 1), priority: [argv[at]!] };
}

/** The parser takes the = of `--dir=` for a part of the name. */
function assertValues(argv: readonly string[]): void {
  const all = ["--config", ...CFG_FIELDS.flatMap(names)];
  for (const arg of argv) {
    if (arg === "--") return;
    const flag = arg.slice(0, -1);
    if (!arg.endsWith("=") || !all.includes(flag)) continue;
    throw new UsageError(`Option ${flag} ${flag.startsWith("--no-") ? "takes no" : "needs a"} value`);
  }
}

/** The last value: whoever wraps the command in an alias or a script can be overridden. */
function lastValue(flag: string, values: readonly string[]): string | undefined {
  if (values.includes("")) throw new UsageError(`Option --${flag} needs a value`);
  return values.at(-1);
}

function readFlags(argv: readonly string[], parsed: Record<string, unknown>, name: CfgCommand): Command["flags"] {
  const flags: Command["flags"] = {};
  for (const field of CFG_FIELDS) {
    const given = argv.find((arg) => names(field).some((flag) => arg === flag || arg.startsWith(`${flag}=`)));
    const value = parsed[field.flag];
    // The values of an option that was not given are an empty list.
    if (Array.isArray(value) ? value.length === 0 : given === undefined) continue;
    if (!field.commands.includes(name)) throw new UsageError(`Option --${field.flag} is not one of corehaul ${name}`);
    if (!Array.isArray(value)) flags[field.flag] = switchValue(given!, value);
    else if (!field.repeatable) flags[field.flag] = lastValue(field.flag, value.map(String))!;
    else if (value.includes("")) throw new UsageError(`Option --${field.flag} needs a value`);
    else flags[field.flag] = value.map(String);
  }
  return flags;
}

/** What stands behind the = of a switch is checked like any other value: the parser takes all but "false" for true. */
function switchValue(given: string, value: unknown): string {
  const equals = given.indexOf("=");
  if (equals < 0) return String(value);
  const flag = given.slice(0, equals);
  if (flag.startsWith("--no-")) throw new UsageError(`Option ${flag} takes no value`);
  return given.slice(equals + 1);
}

/** Commands, beside those of control, that are told what they are about. */
const TAKES_WORDS: readonly CfgCommand[] = ["get", "add", "check", "why", "collect"];

/** `corehaul 75` and `corehaul run 75` set the threshold. */
function takeThreshold(name: CfgCommand, args: string[], flags: Command["flags"], named: boolean): void {
  if (args.length === 0 || TAKES_WORDS.includes(name) || CONTROLLING.includes(name)) return;
  if (name !== "run") throw new UsageError(`Unexpected argument "${args[0]}" of corehaul ${name}`);
  if (args.length > 1) throw new UsageError(`Unexpected argument "${args[1]}" of corehaul run`);
  if (!/^-?\d+(\.\d+)?$/.test(args[0]!)) {
    if (!named) throw new UsageError(`Unknown command "${args[0]}"`);
    throw new UsageError(
      `Cannot use CPU_THRESHOLD as it must be a whole number from 1 to 100: current value is "${args[0]}"`,
    );
  }
  if ("cpu-threshold" in flags) {
    throw new UsageError(`CPU_THRESHOLD is given twice: ${args[0]} and --cpu-threshold ${flags["cpu-threshold"]}`);
  }
  flags["cpu-threshold"] = args[0]!;
  args.length = 0;
}

function takesValue(field: CfgField): boolean {
  return field.placeholder !== undefined;
}

function names(field: CfgField): string[] {
  const all = [`--${field.flag}`];
  if (field.negatable) all.push(`--no-${field.flag}`);
  if (field.short !== undefined) all.push(`-${field.short}`);
  return all;
}

function shortNames(): Record<string, string> {
  return Object.fromEntries(
    CFG_FIELDS.flatMap((field) => field.short === undefined ? [] : [[field.short, field.flag]]),
  );
}

function isCommand(word: string | undefined): word is CfgCommand {
  return word !== undefined && Object.hasOwn(COMMANDS, word);
}
