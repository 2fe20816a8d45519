import { cfgShow } from "./cfg_show.ts";
import { CFG_FIELDS, cfgEnvName, type CfgField, cfgFileKey } from "./cfg_fields.ts";
import { CfgError, type CfgProblem } from "./cfg_error.ts";
import { cfgReadOptions } from "./cfg_options.ts";
import type { CfgSettings } from "./cfg_settings.ts";
import { leaseProblem } from "./lease_problem.ts";

/** Where values come from; later ones win: defaults, file, environment, flags, options. */
export interface CfgSources {
  /** The configuration file: its name, and the object in it. */
  file?: { name: string; values: unknown };
  /** The environment. */
  env?: Readonly<Record<string, string | undefined>>;
  /** The flags, by flag name. */
  flags?: Readonly<Record<string, string | readonly string[]>>;
  /** The options of a program, of which nothing is known yet but that they should be those of a downloader. */
  options?: Readonly<Record<string, unknown>>;
}

type Take = (field: CfgField, raw: string | readonly string[], spelled: string, source: string) => void;

/**
 * Puts the settings together, checks every value once, and freezes the result.
 *
 * @param sources Where the values come from. Default: nowhere, which gives the defaults.
 * @returns The settings.
 * @throws {CfgError} With every problem of every source.
 *
 * @example
 * ```ts
 * import { cfgResolve } from "./cfg_resolve.ts";
 *
 * cfgResolve({ flags: { "cpu-threshold": "75" } }).cpuThreshold; // 75
 * ```
 */
export function cfgResolve(sources: CfgSources = {}): CfgSettings {
  const problems: CfgProblem[] = [];
  const settings: Record<string, unknown> = {};
  const take: Take = (field, raw, spelled, source) => {
    const values: unknown[] = [];
    for (const text of typeof raw === "string" ? [raw] : raw) {
      const parsed = field.kind.parse(text);
      if ("value" in parsed) values.push(parsed.value);
      else {
        const shown = JSON.stringify(cfgShow(field, text));
        const message = `Cannot use ${spelled} as it must ${parsed.must}: current value is ${shown}`;
        problems.push({ field: spelled, source, message });
      }
    }
    settings[field.name] = field.repeatable ? values : values[0];
  };
  const env = sources.env ?? {};
  for (const field of CFG_FIELDS) {
    const value = field.defaultFrom?.(env) ?? field.default;
    if (value !== undefined) take(field, value, field.flag, "default");
  }
  if (sources.file !== undefined) takeFile(sources.file, take, problems);
  for (const field of CFG_FIELDS) {
    const name = cfgEnvName(field);
    const value = env[name];
    if (value !== undefined) take(field, field.repeatable ? value.split(/\r?\n/) : value, name, "environment");
  }
  for (const field of CFG_FIELDS) {
    const value = sources.flags?.[field.flag];
    if (value !== undefined) take(field, value, `--${field.flag}`, "flag");
  }
  const set = (name: string, value: unknown) => settings[name] = value;
  if (sources.options !== undefined) cfgReadOptions(sources.options, set, (problem) => problems.push(problem));
  if (problems.length > 0) throw new CfgError(problems);
  const settled = Object.freeze(settings) as unknown as CfgSettings;
  const lease = leaseProblem(settled);
  if (lease !== undefined) throw new CfgError([lease]);
  return settled;
}

/**
 * Tells which settings a file, the environment or the flags have a value for.
 *
 * @param sources Where the values come from.
 * @returns The names of the settings.
 */
export function cfgGiven({ file, env, flags }: CfgSources): ReadonlySet<keyof CfgSettings> {
  const given = CFG_FIELDS.filter((field) =>
    [
      (file?.values as Record<string, unknown> | undefined)?.[cfgFileKey(field)],
      env?.[cfgEnvName(field)],
      flags?.[field.flag],
    ].some((value) => value !== undefined)
  );
  return new Set(given.map(({ name }) => name));
}

/**
 * Finds variables that look like options and are none, such as a name with a mistake in it.
 *
 * @param env The environment.
 * @returns Their names, in order.
 */
export function cfgUnknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(CFG_FIELDS.map(cfgEnvName));
  return Object.keys(env).filter((name) => name.startsWith("CFG_") && !known.has(name)).sort();
}

function takeFile(
  { name, values }: { name: string; values: unknown },
  take: Take,
  problems: CfgProblem[],
): void {
  const bad = (field: string, message: string) => problems.push({ field, source: name, message });
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    bad("config", `Cannot use ${name} as it must hold a JSON object`);
    return;
  }
  const fields = new Map(CFG_FIELDS.map((field) => [cfgFileKey(field), field]));
  for (const [key, value] of Object.entries(values)) {
    const field = fields.get(key);
    if (field === undefined) bad(key, `Cannot use ${key} in ${name} as it is not an option`);
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      take(field, String(value), `${key} in ${name}`, name);
    } else if (field.repeatable) {
      if (isTexts(value)) take(field, value, `${key} in ${name}`, name);
      else bad(key, `Cannot use ${key} in ${name} as it must be a string or an array of strings`);
    } else {
      bad(key, `Cannot use ${key} in ${name} as it must be a string, a number or a boolean`);
    }
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
