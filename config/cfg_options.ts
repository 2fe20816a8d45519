/**
 * The options of a program: what it may give for an option of the table, and what it would give for a setting.
 *
 * @module
 */
import type { CfgProblem } from "./cfg_error.ts";
import { CFG_FIELDS, type CfgCommand, type CfgField } from "./cfg_fields.ts";
import { cfgShow } from "./cfg_show.ts";
import type { CfgOptions, CfgSettings } from "./cfg_settings.ts";

/** What a program calls an option; undefined if it is for the command line alone. */
export function cfgOptionName(field: CfgField): string | undefined {
  return field.cliOnly === undefined ? field.option ?? field.name : undefined;
}

/**
 * Reads the options that a program gives. What is undefined was not given.
 *
 * @param options The options, by the names that {@linkcode cfgOptionName} gives.
 * @param set Told the value of each setting.
 * @param bad Told everything that is wrong, also an option that there is not.
 */
export function cfgReadOptions(
  options: Readonly<Record<string, unknown>>,
  set: (name: keyof CfgSettings, value: unknown) => void,
  bad: (problem: CfgProblem) => void,
): void {
  const fields = new Map(CFG_FIELDS.map((field) => [cfgOptionName(field), field]));
  for (const [name, given] of Object.entries(options)) {
    if (given === undefined) continue;
    const problem = (why: string) =>
      bad({ field: name, source: "options", message: `Cannot use ${name} as it ${why}` });
    const field = fields.get(name);
    if (field === undefined) {
      problem(noOption(name));
      continue;
    }
    const values: unknown[] = [];
    for (const each of field.repeatable && Array.isArray(given) ? given : [given]) {
      const texts = field.kind.write(each);
      if (texts === undefined) problem(`must ${field.kind.must}: current value is ${shown(each, field)}`);
      for (const text of texts ?? []) {
        const parsed = field.kind.parse(text);
        if ("value" in parsed) values.push(parsed.value);
        else {
          // Rules for texts say nothing to who gave a number or an object.
          const [must, wrong] = field.repeatable ? [parsed.must, text] : [mustOf(field, each, parsed.must), each];
          problem(`must ${must}: current value is ${shown(wrong, field)}`);
        }
      }
    }
    set(field.name, field.repeatable ? values : values[0]);
  }
}

/**
 * The options by which a program gets the settings that a command has, as far as the command takes them.
 *
 * @param settings The settings.
 * @param command The command.
 */
export function cfgOptionsOf(settings: CfgSettings, command: CfgCommand): CfgOptions {
  const options: Record<string, unknown> = {};
  for (const field of CFG_FIELDS) {
    const name = cfgOptionName(field);
    const setting: unknown = settings[field.name];
    if (name === undefined || setting === undefined || !field.commands.includes(command)) continue;
    const { kind } = field;
    if ("optionOf" in kind) options[name] = kind.optionOf(setting as unknown[]);
    else {options[name] = field.repeatable
        ? (setting as unknown[]).map((each) => kind.option(each))
        : kind.option(setting);}
  }
  return options;
}

function mustOf({ kind }: CfgField, given: unknown, must: string): string {
  return typeof given === "string" ? must : kind.must;
}

/** Says why it is none, and what was perhaps meant. */
function noOption(name: string): string {
  const field = CFG_FIELDS.find((field) => field.name === name) ??
    CFG_FIELDS.find(({ flag }) => flag === name || camelCase(flag) === name);
  if (field === undefined) return "is not an option of a downloader";
  const option = cfgOptionName(field);
  return option === undefined
    ? `is an option of the command line alone: use ${field.cliOnly}`
    : `is not an option of a downloader: use ${option}`;
}

function camelCase(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A value as a message may show it. */
function shown(given: unknown, field: CfgField): string {
  if (typeof given === "string") return JSON.stringify(cfgShow(field, given));
  if (Array.isArray(given)) return "an array";
  if (typeof given === "object" && given !== null) return "an object";
  return typeof given === "function" ? "a function" : String(given);
}
