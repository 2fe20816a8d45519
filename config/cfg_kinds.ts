/**
 * The kinds of values that options have: each reads the text that stands in a flag, a variable or the file, and writes
 * what a program gives as such a text, so that both are checked by the same rules.
 *
 * @module
 */
import {
  type CfgHeader,
  type CfgProtocol,
  type CfgShard,
  parseColumns,
  parseCores,
  type Parsed,
  parseDuration,
  parseHeader,
  parseInteger,
  parseProtocol,
  parseShard,
  parseSize,
  parseSwitch,
  splitColumns,
} from "./cfg_parse.ts";

/** What all kinds have. */
interface AnyKind<T> {
  /** Reads a text. */
  parse(text: string): Parsed<T>;
  /** Writes what a program gives as texts for `parse`; undefined if it is of another type. */
  write(given: unknown): readonly string[] | undefined;
  /** What the value of a program must be, in words that follow "it must". */
  readonly must: string;
}

/** A kind of values: `T` is the setting, `V` what a program may give for it. */
export interface CfgKind<T, V = T> extends AnyKind<T> {
  /** All values that there are, as texts; absent: they are not so few. */
  readonly choices?: readonly string[];
  /** What a program would give for a setting. */
  option(setting: T): V;
}

/** A kind of values that come together: `T` is one of them, `V` what a program may give for all. */
export interface CfgListKind<T, V> extends AnyKind<T> {
  /** What a program would give for all values of a setting. */
  optionOf(settings: readonly T[]): V;
}

/** Values that a program gives as the setting has them. */
function plain<T>(kind: AnyKind<T> & Pick<CfgKind<T>, "choices">): CfgKind<T> {
  return { ...kind, option: (setting) => setting };
}

const writeText = (given: unknown) => typeof given === "string" ? [given] : undefined;
const writeNumber = (unit = "") => (given: unknown) => typeof given === "number" ? [`${given}${unit}`] : undefined;

/** Texts that a parser takes. */
export function textOf(parse: (text: string) => Parsed<string>): CfgKind<string> {
  return plain({ parse, write: writeText, must: "be a string" });
}

/** Any text but the empty one. */
export function textThat(must: string): CfgKind<string> {
  return textOf((text) => text.length > 0 && !text.includes("\0") ? { value: text } : { must });
}

/** One of some words. */
export function oneOf<const Word extends string>(...choices: Word[]): CfgKind<Word> {
  const must = `be one of ${choices.join(", ")}`;
  const parse = (text: string): Parsed<Word> => {
    const value = choices.find((choice) => choice === text);
    return value === undefined ? { must } : { value };
  };
  return plain({ parse, write: writeText, must, choices });
}

/** Numbers that a parser takes. */
export function numberOf(parse: (text: string) => Parsed<number>, must: string): CfgKind<number> {
  return plain({ parse, write: writeNumber(), must });
}

/** Whole numbers within a range. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): CfgKind<number> {
  const must = max === Number.MAX_SAFE_INTEGER
    ? `be a whole number of at least ${min}`
    : `be a whole number from ${min} to ${max}`;
  return numberOf((text) => parseInteger(text, min, max), must);
}

/** Durations within a range; the setting and the value of a program are milliseconds. */
export function duration(min = 0, max = Infinity): CfgKind<number> {
  const [ofTexts, ofNumbers] = max === Infinity
    ? [`of at least ${min}ms`, `, at least ${min}`]
    : [`from ${min}ms to ${max}ms`, ` from ${min} to ${max}`];
  return plain({
    parse(text) {
      const parsed = parseDuration(text);
      const outside = "value" in parsed && (parsed.value < min || parsed.value > max);
      return outside ? { must: `be a duration ${ofTexts}` } : parsed;
    },
    write: writeNumber("ms"),
    must: `be a number of milliseconds${ofNumbers}`,
  });
}

/** Numbers of bytes. */
export const SIZE: CfgKind<number> = numberOf(parseSize, "be a number of bytes");

/** On or off. */
export const SWITCH: CfgKind<boolean> = plain({
  parse: parseSwitch,
  write: (given) => typeof given === "boolean" ? [String(given)] : undefined,
  must: "be true or false",
});

/** Some cores. */
export const CORES: CfgKind<readonly number[]> = plain({
  parse: parseCores,
  write: (given) => isListOf(given, "number") ? [given.join(",")] : undefined,
  must: "be an array of the numbers of cores",
});

/** One of several equal parts. */
export const SHARD: CfgKind<CfgShard> = plain({
  parse: parseShard,
  write(given) {
    const { index, of } = isRecord(given) ? given : {};
    return typeof index === "number" && typeof of === "number" ? [`${index}/${of}`] : undefined;
  },
  must: "be { index, of }, the number of a part from 1 on and how many there are",
});

/** Columns by the fields that they hold. */
export const COLUMNS: CfgKind<Readonly<Record<string, string>>> = plain({
  parse: parseColumns,
  write(given) {
    const columns = isRecord(given) ? Object.entries(given) : [];
    const texts = columns.map(([field, column]) => `${field}=${column}`);
    // What is read again must be what was given.
    const same = columns.length > 0 && columns.every(([, column]) => typeof column === "string") &&
      splitColumns(texts.join()).join("\0") === texts.join("\0");
    return same ? [texts.join()] : undefined;
  },
  must: 'be an object of columns by field such as { out: "name" }',
});

/** Headers; a program gives the value or the values of each name. */
export const HEADERS: CfgListKind<CfgHeader, Readonly<Record<string, string | readonly string[]>>> = {
  parse: parseHeader,
  write(given) {
    if (!isRecord(given)) return undefined;
    const texts: string[] = [];
    for (const [name, value] of Object.entries(given)) {
      const values = typeof value === "string" ? [value] : value;
      // With a colon in it, a part of the name would be read as the value.
      if (name.includes(":") || !isListOf(values, "string")) return undefined;
      texts.push(...values.map((text) => /^\s+$/.test(text) ? `${name};` : `${name}: ${text}`));
    }
    return texts;
  },
  must: "be an object of header names, each with its value or an array of its values",
  optionOf: (headers) => Object.fromEntries(Map.groupBy(headers, ({ name }) => name).entries().map(oneOrAll)),
};

function oneOrAll([name, headers]: [name: string, headers: CfgHeader[]]): [string, string | readonly string[]] {
  const [first, ...others] = headers.map(({ value }) => value);
  return [name, others.length === 0 ? first! : [first!, ...others]];
}

/** Drivers of the user; a program gives the module of each scheme. */
export const PROTOCOLS: CfgListKind<CfgProtocol, Readonly<Record<string, string | URL>>> = {
  parse: parseProtocol,
  write(given) {
    if (!isRecord(given)) return undefined;
    const drivers = Object.entries(given);
    const isDriver = ([scheme, module]: [string, unknown]) =>
      !scheme.includes("=") && (typeof module === "string" || module instanceof URL);
    return drivers.every(isDriver) ? drivers.map(([scheme, module]) => `${scheme}=${module}`) : undefined;
  },
  must: 'be an object of modules by scheme such as { "ipfs:": "./ipfs_driver.ts" }',
  optionOf: (protocols) => Object.fromEntries(protocols.map(({ scheme, module }) => [scheme, module])),
};

function isListOf(given: unknown, type: "string"): given is string[];
function isListOf(given: unknown, type: "number"): given is number[];
function isListOf(given: unknown, type: string): given is unknown[] {
  return Array.isArray(given) && given.every((each) => typeof each === type);
}

/** An object that has its values as properties of its own, unlike `Headers`, a `Map` or an array. */
function isRecord(given: unknown): given is Record<string, unknown> {
  if (typeof given !== "object" || given === null) return false;
  const prototype = Object.getPrototypeOf(given);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
