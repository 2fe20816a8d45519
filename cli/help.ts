import { CFG_FIELDS, type CfgCommand, type CfgField } from "../config/cfg_fields.ts";
import { COMMANDS } from "./parse_command.ts";

const WIDTH = 30;

/**
 * The help text, from the table of options.
 *
 * @param topic The command to explain. Default: all of them.
 * @returns The text.
 */
export function helpText(topic?: CfgCommand): string {
  const lines = ["Corehaul downloads lists of files, with one worker thread pinned to each CPU core.", "", "Usage:"];
  const commands = topic === undefined ? Object.keys(COMMANDS) as CfgCommand[] : [topic];
  if (topic === undefined || topic === "run") lines.push(row("corehaul [CPU_THRESHOLD]", "the same as run"));
  for (const name of commands) lines.push(row(`corehaul ${COMMANDS[name].usage}`, COMMANDS[name].help));
  lines.push("", "Options:");
  for (const field of CFG_FIELDS) {
    if (topic !== undefined && !field.commands.includes(topic)) continue;
    const scope = topic === undefined
      ? ` [${field.commands.length === Object.keys(COMMANDS).length ? "all" : field.commands.join(", ")}]`
      : "";
    lines.push(row(spell(field), `${field.help}${defaultOf(field)}${scope}`));
  }
  lines.push(row("    --config FILE", 'read options from a JSON file, as in { "cfg_cpu_threshold": 75 }'));
  lines.push(row("-h, --help", "show this, or with a command what it takes"));
  lines.push(row("-V, --version", "show the version"));
  lines.push(
    "",
    "Each option can also be set by a variable (--cpu-threshold by CFG_CPU_THRESHOLD) or in the --config file",
    "(cfg_cpu_threshold). Flags win over variables, variables over the file.",
    "Durations are in seconds, or have a unit: 0.1, 500ms, 2m, 1h.",
    "",
    "Exit codes: 0 all is done; 1 a task failed, an entry was refused or there is no space; 2 the command line or the configuration is",
    "wrong; 3 the task list is unavailable; 129, 130 or 143 stopped early by a signal.",
  );
  return lines.join("\n");
}

function spell(field: CfgField): string {
  const short = field.short === undefined ? "    " : `-${field.short}, `;
  const flag = field.negatable ? `--no-${field.flag}` : `--${field.flag}`;
  return `${short}${flag}${field.placeholder === undefined ? "" : ` ${field.placeholder}`}`;
}

function defaultOf(field: CfgField): string {
  if (field.defaultNote !== undefined) return ` (default: ${field.defaultNote})`;
  if (field.placeholder === undefined) return "";
  return ` (default: ${field.default})`;
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(WIDTH)} ${right}`;
}
