import { isAbsolute, normalize } from "@std/path";
import { cfgShow } from "./cfg_show.ts";
import { CFG_FIELDS, cfgEnvName, type CfgField, cfgFileKey } from "./cfg_fields.ts";
import { CfgError, type CfgProblem } from "./cfg_error.ts";
import { cfgReadOptions } from "./cfg_options.ts";
import type { CfgSettings } from "./cfg_settings.ts";
import { leaseProblem } from "./lease_problem.ts";

/** A configuration file. */
export interface CfgFile {
  /** Its name. */
  name: string;
  /** What is in it, of which nothing is known yet. */
  values: unknown;
  /** True if nobody named it: it was there in the working folder. */
  found?: boolean;
}

/** Where values come from; later ones win: defaults, files, environment, flags. */
export interface CfgTexts {
  /** The configuration file, or several of them: later ones win. */
  file?: CfgFile | readonly CfgFile[];
  /** The environment. */
  env?: Readonly<Record<string, string | undefined>>;
  /** The flags, by flag name. */
  flags?: Readonly<Record<string, string | readonly string[]>>;
}

/** What a source says of an option. */
interface CfgSaid {
  /** The option. */
  field: CfgField;
  /** Its value, or the values of one that may be repeated, as texts. */
  raw: string | readonly string[];
  /** The option as the source spells it. */
  spelled: string;
  /** The source: `default`, the name of a file, `environment` or `flag`. */
  source: string;
  /** True if the source says it only by a switch that implies it. */
  implied?: true;
}

/** Where values come from; later ones win: defaults, files, environment, flags, options. */
export interface CfgSources extends CfgTexts {
  /** The options of a program, of which nothing is known yet but that they should be those of a downloader. */
  options?: Readonly<Record<string, unknown>>;
}

/** Where the value of an option comes from. */
export interface CfgOrigin {
  /** The option. */
  field: CfgField;
  /** Its values as texts, without secrets; absent: it has none. */
  values?: readonly string[];
  /** `default`, the name of a file, `environment` or `flag`. */
  source: string;
  /** The switch that implies it, as its source spells it. */
  by?: string;
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
        const shown = JSON.stringify(cfgShow(field, text));
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

/**
 * Tells of every option which value it has, and where that comes from.
 *
 * @param sources Where values come from.
 * @returns The options, in the order of the table.
 */
export function cfgOrigins(sources: CfgTexts): CfgOrigin[] {
  const origins = new Map(CFG_FIELDS.map((field): [CfgField, CfgOrigin] => [field, { field, source: "default" }]));
  for (const { field, raw, spelled, source, implied } of cfgSaid(sources, () => {})) {
    const texts = typeof raw === "string" ? [raw] : raw;
    const values = texts.map((text) => cfgShow(field, text));
    origins.set(field, { field, values, source, ...(implied ? { by: spelled } : {}) });
  }
  return [...origins.values()];
}

/**
 * Everything that is said of all options, in an order in which what comes later wins.
 *
 * @param sources Where values come from.
 * @param bad Told what makes no sense before any value is looked at.
 */
function* cfgSaid(sources: CfgTexts, bad: (problem: CfgProblem) => void): Generator<CfgSaid, void, void> {
  const env = sources.env ?? {};
  for (const field of CFG_FIELDS) {
    const raw = field.defaultFrom?.(env) ?? field.default;
    if (raw !== undefined) yield { field, raw, spelled: field.flag, source: "default" };
  }
  const { file = [] } = sources;
  for (const each of Array.isArray(file) ? file as readonly CfgFile[] : [file as CfgFile]) {
    const all = [...saidByFile(each)];
    yield* implied(all.filter(isSaid), bad);
    for (const one of all) {
      if (isSaid(one)) yield one;
      else bad(one);
    }
  }
  const byEnv: CfgSaid[] = [];
  const byFlags: CfgSaid[] = [];
  for (const field of CFG_FIELDS) {
    const name = cfgEnvName(field);
    const value = env[name];
    if (value !== undefined) {
      byEnv.push({
        field,
        raw: field.repeatable ? value.split(/\r?\n/) : value,
        spelled: name,
        source: "environment",
      });
    }
    const raw = sources.flags?.[field.flag];
    if (raw !== undefined) byFlags.push({ field, raw, spelled: `--${field.flag}`, source: "flag" });
  }
  for (const all of [byEnv, byFlags]) {
    yield* implied(all, bad);
    yield* all;
  }
}

/** What the switches of a source imply: it comes before the source's own words, which win. */
function* implied(all: readonly CfgSaid[], bad: (problem: CfgProblem) => void): Generator<CfgSaid, void, void> {
  for (const [index, { field, raw, spelled, source }] of all.entries()) {
    if (field.implies === undefined || !isOn(field, raw)) continue;
    for (const [flag, value] of Object.entries(field.implies)) {
      const other = CFG_FIELDS.find((each) => each.flag === flag)!;
      const at = all.findIndex((each) => each.field === other);
      if (at >= 0 && other.implies !== undefined && isOn(other, all[at]!.raw)) {
        if (index > at) continue;
        bad({ field: spelled, source, message: `Cannot use ${spelled} together with ${all[at]!.spelled}` });
      } else yield { field: other, raw: value, spelled, source, implied: true };
    }
  }
}

function isSaid(said: CfgSaid | CfgProblem): said is CfgSaid {
  return "raw" in said;
}

function isOn({ kind }: CfgField, raw: string | readonly string[]): boolean {
  const parsed = typeof raw === "string" ? kind.parse(raw) : undefined;
  return parsed !== undefined && "value" in parsed && parsed.value === true;
}

function* saidByFile({ name, values, found = false }: CfgFile): Generator<CfgSaid | CfgProblem, void, void> {
  const wrong = (field: string, message: string): CfgProblem => ({ field, source: name, message });
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    yield wrong("config", `Cannot use ${name} as it must hold a JSON object`);
    return;
  }
  const fields = new Map(CFG_FIELDS.map((field) => [cfgFileKey(field), field]));
  for (const [key, value] of Object.entries(values)) {
    const field = fields.get(key);
    const spelled = `${key} in ${name}`;
    if (field === undefined) {
      const message = `Cannot use ${spelled} as it is not an option`;
      yield { ...wrong(key, message), known: [...fields.keys()] };
      continue;
    }
    const texts = textsOf(value);
    const many = field.repeatable ? "a string or an array of strings" : "a string, a number or a boolean";
    if (texts === undefined || (Array.isArray(value) && !field.repeatable)) {
      yield wrong(key, `Cannot use ${spelled} as it must be ${many}`);
    } else if (found && !mayFolderSay(field, texts)) {
      const why = field.fromFolder === "below"
        ? `must be a path below this folder: current value is ${JSON.stringify(texts.join())}`
        : "must not stand in a file that was only found here";
      yield wrong(key, `Cannot use ${spelled} as it ${why}; --config ${name} takes everything`);
    } else yield { field, raw: Array.isArray(value) ? texts : texts[0]!, spelled, source: name };
  }
}

/** A value of the file as flags would have it; undefined if it is of no such type. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return [String(value)];
  return isTexts(value) ? value : undefined;
}

/** True if a file that was only found may say this. */
function mayFolderSay({ fromFolder }: CfgField, texts: readonly string[]): boolean {
  if (fromFolder === undefined) return true;
  return fromFolder === "below" &&
    texts.every((text) => !isAbsolute(text) && !/^\.\.(?:[\\/]|$)/.test(normalize(text)));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
