import { CFG_GROUPS } from "../config/cfg_field.ts";
import { CFG_FIELDS, type CfgField } from "../config/cfg_fields.ts";
import config from "../deno.json" with { type: "json" };
import { COMMAND_EXAMPLES, FIRST_EXAMPLES } from "./command_examples.ts";
import { defaultOf, EXIT_CODES, OPTION_NOTES, OWN_OPTIONS, scope, spellOption } from "./help.ts";
import { COMMANDS, PAGES, WITHOUT_COMMAND } from "./parse_command.ts";

/**
 * The manual page, in the language of `man`, from the tables of commands and options.
 *
 * @returns The page, without a line break at its end.
 */
export function manPage(): string {
  const lines = [
    `.TH COREHAUL 1 "" "corehaul ${config.version}" "User Commands"`,
    // Names of options stay whole, and lines as they come.
    ".nh",
    ".ad l",
    ".SH NAME",
    "corehaul \\- download lists of files, with one worker thread pinned to each CPU core",
    ".SH SYNOPSIS",
    ...usages().flatMap(({ usage }, index) => [...(index === 0 ? [] : [".br"]), `.B corehaul ${escaped(usage)}`]),
    ".SH DESCRIPTION",
    escaped(
      "Corehaul downloads what its commands name, or what the task files list that it watches. All workers share one " +
        "durable task list; what was broken off goes on where it was, and what is done is not fetched again.",
    ),
    ".SH COMMANDS",
    ...usages().flatMap(({ usage, help }) => item(`corehaul ${usage}`, help)),
    ".SH OPTIONS",
    ...OPTION_NOTES.flatMap((note) => [".PP", escaped(note)]),
    ...Object.entries(CFG_GROUPS).flatMap(([group, title]) => [
      `.SS ${escaped(title)}`,
      ...CFG_FIELDS.filter((field) => field.group === group).flatMap(option),
    ]),
    ".SS Others",
    ...OWN_OPTIONS.flatMap(([left, help]) => item(left.trim(), help)),
    ".SH FILES",
    ...item("code_tasks.json", "the task file that corehaul run watches"),
    ...item("corehaul.jsonc", "options for what is started in this folder"),
    ...item("$XDG_CONFIG_HOME/corehaul/corehaul.jsonc", "options of the user; without the variable in ~/.config"),
    ...item(".corehaul/queue.db", "the task list"),
    ...item("downloads/.corehaul/manifest", "the journal of finished files"),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap(([codes, meaning]) => item(codes, meaning)),
    ".SH EXAMPLES",
    ...[...FIRST_EXAMPLES, ...Object.values(COMMAND_EXAMPLES).flat()].flatMap(([line, note]) => item(line, note)),
  ];
  return lines.join("\n");
}

function usages(): readonly { usage: string; help: string }[] {
  return [...WITHOUT_COMMAND, ...Object.values(COMMANDS), ...Object.values(PAGES)];
}

function option(field: CfgField): string[] {
  return item(spellOption(field).trim(), `${field.help}${defaultOf(field)}${scope(field)}`);
}

function item(left: string, right: string): string[] {
  return [".TP", `.B ${escaped(left)}`, escaped(right)];
}

/** Text as it stands: nothing in it is a request or an escape, and every terminal has its signs. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...").replaceAll("~", "\\(ti")
    .replaceAll('"', "\\(dq").replaceAll("'", "\\(aq").replace(/^\./, "\\&.");
}
