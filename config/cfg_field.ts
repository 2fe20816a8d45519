/**
 * What an option is.
 *
 * @module
 */
import { type Parsed, parseInteger } from "./cfg_parse.ts";
import type { CfgSettings } from "./cfg_settings.ts";

/** A command of the CLI. */
export type CfgCommand =
  | ("run" | "get" | "add" | "check" | "list" | "why" | "status" | "manifest" | "collect" | "gc" | "doctor")
  | ("pause" | "resume" | "cancel" | "retry" | "remove" | "priority");

/** One option. */
export interface CfgField {
  /** Its name in {@linkcode CfgSettings}. */
  readonly name: keyof CfgSettings;
  /** Its flag, without the dashes; `CFG_` variables and file keys follow from it. */
  readonly flag: string;
  /** One letter that does the same. */
  readonly short?: string;
  /** What stands behind the flag in the help; absent for switches. */
  readonly placeholder?: string;
  /** Reads a value. */
  readonly parse: (text: string) => Parsed<unknown>;
  /** The default as a user would write it; absent: see `defaultNote`. */
  readonly default?: string;
  /** What happens without it, where that is not one value. */
  readonly defaultNote?: string;
  /**
   * It may be given several times, and its setting is an array. In a variable each line is a value, in the file it is
   * an array too; the values of a source take the place of all those of the sources before.
   */
  readonly repeatable?: boolean;
  /** What a message may show of a value that is wrong. Default: all of it. */
  readonly show?: (text: string) => string;
  /** A switch that `--no-…` turns off. */
  readonly negatable?: boolean;
  /** What it does, in one line. */
  readonly help: string;
  /** The commands that take it. */
  readonly commands: readonly CfgCommand[];
}

/** The commands that download. */
export const DOWNLOADING: readonly CfgCommand[] = ["run", "get"];

/** The commands that look into folders as they put tasks on the list. */
export const LISTING: readonly CfgCommand[] = [...DOWNLOADING, "add"];

/** The commands that move tasks of a list. */
export const CONTROLLING: readonly CfgCommand[] = ["pause", "resume", "cancel", "retry", "remove", "priority"];

/** Takes any text but the empty one. */
export function textThat(must: string): (value: string) => Parsed<string> {
  return (value) => value.length > 0 && !value.includes("\0") ? { value } : { must };
}

/** Reads a whole number within a range. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): (value: string) => Parsed<number> {
  return (value) => parseInteger(value, min, max);
}

/** Reads one of some words. */
export function oneOf(...choices: string[]): (value: string) => Parsed<string> {
  return (value) => choices.includes(value) ? { value } : { must: `be one of ${choices.join(", ")}` };
}
