/**
 * What an option is.
 *
 * @module
 */
import type { CfgKind, CfgListKind } from "./cfg_kinds.ts";

/** A command of the CLI. */
export type CfgCommand =
  | ("run" | "get" | "add" | "check" | "list" | "why" | "status" | "manifest" | "collect" | "gc" | "clean" | "doctor")
  | ("pause" | "resume" | "cancel" | "retry" | "remove" | "priority");

/** What options are about, in the order of the help. */
export const CFG_GROUPS = {
  what: "What to download",
  where: "Where it goes",
  speed: "How fast",
  who: "Who asks, and who is asked",
  when: "When, and how often",
  list: "The task list",
  output: "What is said",
} as const;

/** One option; its key in the table is the name of its setting. */
export interface CfgRow {
  /** Its flag, without the dashes; `CFG_` variables and file keys follow from it. */
  readonly flag: string;
  /** What it is about. */
  readonly group: keyof typeof CFG_GROUPS;
  /** It is one of those that are used most: commands with many options show only these at first. */
  readonly common?: true;
  /** One letter that does the same. */
  readonly short?: string;
  /** Another letter that does the same, as other tools have it. */
  readonly otherShort?: string;
  /** What stands behind the flag in the help; absent for switches. */
  readonly placeholder?: string;
  /** Reads and checks its values, and says of which type the setting and the option of a program are. */
  readonly kind: CfgKind<unknown, unknown> | CfgListKind<unknown, unknown>;
  /** The default as a user would write it; absent: see `defaultNote`. With a default the setting is always there. */
  readonly default?: string;
  /** The default where it depends on the environment. */
  readonly defaultFrom?: (env: Readonly<Record<string, string | undefined>>) => string;
  /** What happens without it, where that is not one value. */
  readonly defaultNote?: string;
  /**
   * It may be given several times, and its setting is an array. In a variable each line is a value, in the file it is
   * an array too; the values of a source take the place of all those of the sources before.
   */
  readonly repeatable?: true;
  /**
   * What a configuration file may say of it that nobody named, as it was only found in the working folder: nothing, or only a
   * path below that folder. The folder may come from somebody else, and must not run programs, weaken what protects, or write
   * elsewhere. Default: everything.
   */
  readonly fromFolder?: "never" | "below";
  /** What a switch sets too when it is on, by flag: an option that the same source sets by its own name stays as it is. */
  readonly implies?: Readonly<Record<string, string>>;
  /** What a message may show of a value that is wrong. Default: all of it, but of an address nothing secret. */
  readonly show?: (text: string) => string;
  /** A switch that `--no-…` turns off. */
  readonly negatable?: true;
  /** What it does, in one line. */
  readonly help: string;
  /** The commands that take it. */
  readonly commands: readonly CfgCommand[];
  /** What a downloader calls it. Default: the name of the setting. */
  readonly option?: string;
  /** It is no option of a downloader; what a program uses in its place, in words that follow "use". */
  readonly cliOnly?: string;
}

/** Some options, by the names of their settings, in the order of the help. */
export type CfgRows = Readonly<Record<string, CfgRow>>;

/** The commands that download. */
export const DOWNLOADING = ["run", "get"] as const satisfies readonly CfgCommand[];

/** The commands that look into folders as they put tasks on the list. */
export const LISTING = [...DOWNLOADING, "add"] as const satisfies readonly CfgCommand[];

/** The commands that move tasks of a list. */
export const CONTROLLING: readonly CfgCommand[] = ["pause", "resume", "cancel", "retry", "remove", "priority"];

/** Every command that has options. */
export const ALL: readonly CfgCommand[] = [
  "run",
  "get",
  "add",
  "check",
  "list",
  "why",
  "status",
  ...CONTROLLING,
  "manifest",
  "collect",
  "gc",
  "clean",
  "doctor",
];
