import type { CfgSettings } from "../config/cfg_settings.ts";
import type { CfgTexts } from "../config/cfg_resolve.ts";
import type { Logger } from "../mod.ts";
import type { ConfigPlace } from "./config_files.ts";
import type { Command } from "./parse_command.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export interface CommandContext {
  /** What the user typed. */
  command: Command;
  /** The settings that came of it. */
  settings: CfgSettings;
  /** Which of them the user gave, in whatever way. */
  given: ReadonlySet<keyof CfgSettings>;
  /** Where configuration files were looked for. */
  places: readonly ConfigPlace[];
  /** Everything that was said of options. */
  sources: CfgTexts;
  /** Where to draw and to print. */
  terminal: Terminal;
  /** Where to log. */
  logger: Logger;
}

/** The exit code of a command that did all of what it was asked for. */
export const DONE = 0;
/** Something failed or was refused. */
export const INCOMPLETE = 1;
/** The command line or the configuration is wrong. */
export const USAGE = 2;
/** The task list is unavailable. */
export const UNAVAILABLE = 3;
