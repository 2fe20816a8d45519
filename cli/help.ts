import wrapAnsi from "wrap-ansi";
import { CFG_GROUPS } from "../config/cfg_field.ts";
import { CFG_FIELDS, type CfgCommand, type CfgField } from "../config/cfg_fields.ts";
import { COMMAND_EXAMPLES, type CommandExample, FIRST_EXAMPLES } from "./command_examples.ts";
import { COMMANDS, PAGES, WITHOUT_COMMAND } from "./parse_command.ts";

/** Where explanations begin; on a narrower terminal they stand below what they explain. */
const COLUMN = 26;
const NARROW = 64;
/** What fits on a screen is read; commands with more options show fewer of them at first. */
const MOST_LINES = 60;
const USUAL_WIDTH = 80;
/** What is shown of the options, from all of them down to those that are used most. */
const CHOICES: readonly ((field: CfgField) => boolean)[] = [
  () => true,
  ({ group, common }) => common === true || (group !== "list" && group !== "output"),
  ({ common }) => common === true,
];

/** What {@linkcode helpText} is to show. */
export interface HelpOptions {
  /** The command to explain. Default: all of them. */
  topic?: CfgCommand;
  /** Show every option. Default: the most used ones of a command with many, and none where all commands are explained. */
  all?: boolean;
  /** How many columns the lines may have. Default 80. */
  width?: number;
}

/** The exit codes, and what they mean. */
export const EXIT_CODES: readonly (readonly [codes: string, meaning: string])[] = [
  ["0", "all is done"],
  ["1", "a task failed, an entry was refused or there is no space"],
  ["2", "the command line or the configuration is wrong"],
  ["3", "the task list is unavailable"],
  ["129, 130, 143", "stopped early by a signal"],
];

/** What holds for all options. */
export const OPTION_NOTES: readonly string[] = [
  "Each option is also a variable (--cpu-threshold: CFG_CPU_THRESHOLD) and a key of a configuration file " +
  "(cfg_cpu_threshold). Flags win over variables, variables over files.",
  "Durations (D) are in seconds, or have a unit: 0.1, 500ms, 2m, 1h. Sizes are in bytes, or have one: 64K, 1.5M, 2G.",
];

/** The options that are in no table. */
export const OWN_OPTIONS: readonly (readonly [left: string, help: string])[] = [
  ["    --config FILE", "read options from this file alone (JSON, with comments)"],
  ["-h, --help [all]", "show this; with all: every option"],
  ["-V, --version", "show the version"],
];

/**
 * The help text, from the tables of commands and options.
 *
 * @param options What to show.
 * @returns The text.
 */
export function helpText({ topic, all = false, width = USUAL_WIDTH }: HelpOptions = {}): string {
  if (topic === undefined) {
    const options = all ? optionLines(CFG_FIELDS, width, true) : [];
    return [...generalHead(width), ...options, "", ...ownOptions(width), "", ...notes(width)].join("\n");
  }
  const fields = CFG_FIELDS.filter(({ commands }) => commands.includes(topic));
  const render = (shown: readonly CfgField[], columns: number) => [
    ...commandHead(topic, columns),
    ...optionLines(shown, columns, false),
    "",
    ...ownOptions(columns, fields.length - shown.length),
  ];
  if (all) return [...render(fields, width), "", ...notes(width)].join("\n");
  const choices = CHOICES.map((choice) => fields.filter(choice));
  const shown = choices.find((some) => render(some, USUAL_WIDTH).length <= MOST_LINES) ?? choices.at(-1)!;
  return render(shown, width).join("\n");
}

/** The options by what they are about. */
function optionLines(fields: readonly CfgField[], width: number, scoped: boolean): string[] {
  return Object.entries(CFG_GROUPS).flatMap(([group, title]) => {
    const rows = fields.filter((field) => field.group === group).flatMap((field) =>
      row(spellOption(field), `${field.help}${defaultOf(field)}${scoped ? scope(field) : ""}`, width)
    );
    return rows.length === 0 ? [] : ["", `${title}:`, ...rows];
  });
}

function ownOptions(width: number, hidden = 0): string[] {
  return OWN_OPTIONS.flatMap(([left, help]) => {
    const more = left.includes("--help") && hidden > 0 ? ` (${hidden} more)` : "";
    return row(left, `${help}${more}`, width);
  });
}

function notes(width: number): string[] {
  const codes = EXIT_CODES.map(([codes, meaning]) => `${codes} ${meaning}`).join("; ");
  return [...OPTION_NOTES.flatMap((note) => wrapped(note, width)), "", ...wrapped(`Exit codes: ${codes}.`, width)];
}

function generalHead(width: number): string[] {
  const lines = wrapped("Corehaul downloads lists of files, with one worker thread pinned to each CPU core.", width);
  lines.push("", "Examples:", ...examples(FIRST_EXAMPLES, width), "", "Commands, behind corehaul:");
  for (const { usage, help } of [...WITHOUT_COMMAND, ...Object.values(COMMANDS), ...Object.values(PAGES)]) {
    lines.push(...row(usage, help, width));
  }
  return lines;
}

function commandHead(topic: CfgCommand, width: number): string[] {
  const { usage, help } = COMMANDS[topic];
  return [
    ...wrapped(`Usage: corehaul ${usage}`, width),
    ...wrapped(`${help[0]!.toUpperCase()}${help.slice(1)}.`, width),
    "",
    "Examples:",
    ...examples(COMMAND_EXAMPLES[topic], width),
  ];
}

function examples(all: readonly CommandExample[], width: number): string[] {
  const longest = Math.max(...all.map(([line]) => line.length));
  return all.flatMap(([line, note]) => {
    const together = `  ${line.padEnd(longest)}  # ${note}`;
    return together.length <= width ? [together] : [`  # ${note}`, `  ${line}`];
  });
}

/** An option as it is typed: its letters, its name, and what stands behind it. */
export function spellOption(field: CfgField): string {
  const letters = [field.short, field.otherShort].filter((letter) => letter !== undefined).map((letter) =>
    `-${letter}, `
  );
  const flag = field.negatable ? `--no-${field.flag}` : `--${field.flag}`;
  return `${letters.join("").padStart(4)}${flag}${field.placeholder === undefined ? "" : ` ${field.placeholder}`}`;
}

/** The default of an option, as the help shows it. */
export function defaultOf(field: CfgField): string {
  // What is not given is not there: that need not be said.
  if (field.defaultNote === "none") return "";
  if (field.defaultNote !== undefined) return ` (default: ${field.defaultNote})`;
  if (field.placeholder === undefined) return "";
  return ` (default: ${field.default})`;
}

/** The commands that take an option. */
export function scope({ commands }: CfgField): string {
  return ` [${commands.length === Object.keys(COMMANDS).length ? "all" : commands.join(", ")}]`;
}

function row(left: string, right: string, width: number): string[] {
  if (width < NARROW) return [`  ${left}`, ...wrapped(right, width, 8)];
  const [first, ...others] = wrapped(right, width, COLUMN);
  const fits = left.length + 4 <= COLUMN;
  return fits ? [`  ${left}`.padEnd(COLUMN) + first!.trimStart(), ...others] : [`  ${left}`, first!, ...others];
}

function wrapped(text: string, width: number, indent = 0): string[] {
  return wrapAnsi(text, width - indent).split("\n").map((line) => `${" ".repeat(indent)}${line}`);
}
