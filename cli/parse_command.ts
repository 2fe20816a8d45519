import { parseArgs } from "@std/cli/parse-args";
import { CONTROLLING } from "../config/cfg_field.ts";
import { CFG_FIELDS, type CfgCommand, type CfgField } from "../config/cfg_fields.ts";

/** What the user typed. */
export interface Command {
  /** The command; `run` if none was named. */
  name: CfgCommand | keyof typeof PAGES | "help" | "version";
  /** The command to explain, for `help`. */
  topic?: CfgCommand;
  /** Every option is to be explained, for `help`. */
  all?: boolean;
  /** What is neither the command nor a flag. */
  args: string[];
  /** Flags and their values. */
  flags: Record<string, string | string[]>;
  /** The configuration file. */
  config?: string;
  /** The configuration itself is asked for: `doctor --config`. */
  showConfig?: boolean;
}

/** A word that is none of those that there are. */
export interface WrongWord {
  /** The word, or the option with its dashes. */
  word: string;
  /** Other ways to read it, for options of one letter that stand together. */
  also?: readonly string[];
  /** The words that there are, the likeliest ones first. */
  known: readonly (readonly string[])[];
}

/** What the user typed makes no sense. */
export class UsageError extends Error {
  override name = "UsageError";
  /** The word that is wrong, if one is: for an answer that names the right one. */
  readonly wrong: WrongWord | undefined;

  /**
   * @param message What is wrong, without a period.
   * @param wrong The word that is wrong, if one is.
   */
  constructor(message: string, wrong?: WrongWord) {
    super(message);
    this.wrong = wrong;
  }
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
  doctor: {
    usage: "doctor",
    help: "check what this machine allows; with --config, tell where options have their values from",
  },
};

/** What is printed of the command itself. */
export const PAGES: Readonly<Record<"completions" | "man", { usage: string; help: string }>> = {
  completions: { usage: "completions SHELL", help: "print what bash, zsh or fish needs to complete command lines" },
  man: { usage: "man", help: "print the manual page" },
};

/** What may stand there without a command. */
export const WITHOUT_COMMAND: readonly { usage: string; help: string }[] = [
  { usage: "[CPU_THRESHOLD]", help: "the same as run" },
  { usage: "URL…", help: "the same as get" },
];

/** Letters of options that are in no table. */
const OWN_LETTERS = "hV";

/**
 * Reads the command line.
 *
 * @param argv The arguments.
 * @returns The command.
 * @throws {UsageError} If a flag is unknown, lacks its value, or does not belong to the command.
 */
export function parseCommand(argv: readonly string[]): Command {
  const unknown: { arg: string; key?: string }[] = [];
  const { rest, priority } = takePriority(joinNegatives(splitLetters(argv)));
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
      if (key !== undefined) unknown.push({ arg, key });
      return key === undefined;
    },
  });
  const words = (parsed._ as (string | number)[]).map(String);
  const named = isCommand(words[0]) ? words[0] : undefined;
  const name = named ?? (isUrl(words[0]) ? "get" : "run");
  if (priority.length > 0 && name !== "priority") unknown.push(...priority.map((arg) => ({ arg })));
  if (unknown.length > 0) throw unknownOption(unknown[0]!, name);
  if (parsed.help === true || words[0] === "help") {
    const topic = words.find(isCommand);
    const [, asked] = words[0] === "help" ? words : [];
    if (asked !== undefined && topic === undefined && asked !== "all") throw unknownCommand(asked);
    const all = words.includes("all");
    return { name: "help", args: [], flags: {}, all, ...(topic === undefined ? {} : { topic }) };
  }
  if (parsed.version === true) return { name: "version", args: [], flags: {} };
  if (words[0] === "completions" || words[0] === "man") {
    readFlags(rest, parsed, words[0]);
    return { name: words[0], args: words.slice(1), flags: {} };
  }
  const args = [...priority, ...(named === undefined ? words : words.slice(1))];
  const flags = readFlags(rest, parsed, name);
  takeThreshold(name, args, flags, named !== undefined);
  const files = parsed.config as string[];
  const showConfig = name === "doctor" && files.includes("");
  const config = lastValue("config", showConfig ? files.filter((file) => file !== "") : files);
  return { name, args, flags, ...(config === undefined ? {} : { config }), ...(showConfig ? { showConfig } : {}) };
}

/** Says which option there is not; letters that stand together may be known one by one to other tools. */
function unknownOption({ arg, key }: { arg: string; key?: string }, name: CfgCommand): UsageError {
  const word = arg.replace(/=.*$/s, "");
  const spellings = (fields: readonly CfgField[]) => fields.flatMap(names).filter((name) => name.startsWith("--"));
  return new UsageError(`Unknown option ${word}`, {
    word,
    ...(key?.length === 1 ? { also: [`-${key}`] } : {}),
    known: [spellings(CFG_FIELDS.filter(({ commands }) => commands.includes(name))), spellings(CFG_FIELDS)],
  });
}

/** Makes `-q -j=4` of `-qj4`, and `-P=files` of `-Pfiles`: the parser takes only some of the letters that stand together. */
function splitLetters(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.flatMap((arg, index) => {
    if (!/^-[a-z]{2}|^-[a-z][^a-z=]/i.test(arg) || (end >= 0 && index > end)) return [arg];
    const parts: string[] = [];
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]!;
      const field = CFG_FIELDS.find((each) => letters(each).includes(letter));
      if (field === undefined && !OWN_LETTERS.includes(letter)) return [arg];
      const rest = arg.slice(at + 1);
      if (field !== undefined && takesValue(field)) {
        return [...parts, rest === "" ? `-${letter}` : `-${letter}=${rest.replace(/^=/, "")}`];
      }
      parts.push(`-${letter}`);
    }
    return parts;
  });
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

function readFlags(rest: readonly string[], parsed: Record<string, unknown>, name: Command["name"]): Command["flags"] {
  const flags: Command["flags"] = {};
  for (const field of CFG_FIELDS) {
    const given = rest.find((arg) => names(field).some((flag) => arg === flag || arg.startsWith(`${flag}=`)));
    const value = parsed[field.flag];
    // The values of an option that was not given are an empty list.
    if (Array.isArray(value) ? value.length === 0 : given === undefined) continue;
    if (!(field.commands as readonly string[]).includes(name)) {
      throw new UsageError(`Option --${field.flag} is not one of corehaul ${name}`);
    }
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
  if (args.some(isUrl)) {
    const threshold = /^\d+$/.test(args[0]!) ? ` --cpu-threshold ${args[0]}` : "";
    throw new UsageError(`run takes no URL: write corehaul get${threshold} URL`);
  }
  if (args.length > 1) throw new UsageError(`Unexpected argument "${args[1]}" of corehaul run`);
  if (!/^-?\d+(\.\d+)?$/.test(args[0]!)) {
    if (!named) throw unknownCommand(args[0]!);
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
  for (const letter of letters(field)) all.push(`-${letter}`);
  return all;
}

function shortNames(): Record<string, string> {
  return Object.fromEntries(CFG_FIELDS.flatMap((field) => letters(field).map((letter) => [letter, field.flag])));
}

function letters({ short, otherShort }: CfgField): string[] {
  return [short, otherShort].filter((letter) => letter !== undefined);
}

/** A word that needs no command before it to say that it is to be downloaded. */
function isUrl(word: string | undefined): boolean {
  return word !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

function unknownCommand(word: string): UsageError {
  const message = `Unknown command "${word}"`;
  // No command has such a sign in it.
  if (!/[./:]/.test(word)) {
    return new UsageError(message, { word, known: [[...Object.keys(COMMANDS), ...Object.keys(PAGES), "help"]] });
  }
  return new UsageError(`${message}: write corehaul get URL, or corehaul get -i FILE for a file with URLs in it`);
}

function isCommand(word: string | undefined): word is CfgCommand {
  return word !== undefined && Object.hasOwn(COMMANDS, word);
}
