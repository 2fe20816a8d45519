import { CFG_FIELDS, cfgEnvName } from "./cfg_fields.ts";
import { CfgError, type CfgProblem } from "./cfg_error.ts";
import { cfgReadOptions } from "./cfg_options.ts";
import { cfgSaid, type CfgTexts } from "./cfg_said.ts";
import type { CfgSettings } from "./cfg_settings.ts";
import { leaseProblem } from "./lease_problem.ts";

/** Where values come from; later ones win: defaults, files, environment, flags, options. */
export interface CfgSources extends CfgTexts {
  /** The options of a program, of which nothing is known yet but that they should be those of a downloader. */
  options?: Readonly<Record<string, unknown>>;
}

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
  const bad = (problem: CfgProblem) => problems.push(problem);
  const settings: Record<string, unknown> = {};
  for (const { field, raw, spelled, source } of cfgSaid(sources, bad)) {
    const values: unknown[] = [];
    for (const text of typeof raw === "string" ? [raw] : raw) {
      const parsed = field.kind.parse(text);
      if ("value" in parsed) values.push(parsed.value);
      else {
        const shown = JSON.stringify(field.show?.(text) ?? text);
        const message = `Cannot use ${spelled} as it must ${parsed.must}: current value is ${shown}`;
        bad({ field: spelled, source, message });
      }
    }
    settings[field.name] = field.repeatable ? values : values[0];
  }
  const set = (name: string, value: unknown) => settings[name] = value;
  if (sources.options !== undefined) cfgReadOptions(sources.options, set, bad);
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
export function cfgGiven(sources: CfgTexts): ReadonlySet<keyof CfgSettings> {
  const given = new Set<keyof CfgSettings>();
  for (const { field, source, implied } of cfgSaid(sources, () => {})) {
    if (source !== "default" && !implied) given.add(field.name);
  }
  return given;
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
