import { CfgError } from "../config/cfg_error.ts";
import { cfgOptionsOf } from "../config/cfg_options.ts";
import { cfgGiven, cfgResolve, cfgUnknownVariables } from "../config/cfg_resolve.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloaderOptions } from "../mod.ts";
import { passphraseAsker } from "./ask_passphrase.ts";
import type { CommandContext } from "./command_context.ts";
import type { Command } from "./parse_command.ts";

/** The settings of a command, and what is told of where they come from. */
export interface SettledSettings {
  /** The settings. */
  settings: CfgSettings;
  /** Those that do not have their defaults for want of anything else. */
  given: ReadonlySet<keyof CfgSettings>;
  /** Variables that look like options and are none. */
  unknownVariables: readonly string[];
}

/** Puts the settings of a command together, from its configuration file, the environment and its flags. */
export async function settleSettings(command: Command): Promise<SettledSettings> {
  const file = command.config === undefined ? {} : { file: await readConfig(command.config) };
  const env = Deno.env.toObject();
  const sources = { ...file, env, flags: command.flags };
  return { settings: cfgResolve(sources), given: cfgGiven(sources), unknownVariables: cfgUnknownVariables(env) };
}

async function readConfig(name: string): Promise<{ name: string; values: unknown }> {
  const wrong = (why: string) =>
    new CfgError([{
      field: "config",
      source: "flag",
      message: `Cannot use --config as it must be a JSON file that can be read: current value is "${name}" (${why})`,
    }]);
  let text: string;
  try {
    text = await Deno.readTextFile(name);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  try {
    return { name, values: JSON.parse(text) };
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

/** The options of a downloader that works as a command is told to. */
export function downloaderOptions(
  { settings, logger, terminal }: Pick<CommandContext, "settings" | "logger" | "terminal">,
  command: "run" | "get",
): DownloaderOptions {
  const askPassphrase = passphraseAsker(terminal);
  return {
    ...cfgOptionsOf(settings, command),
    pinMain: settings.pin,
    restrictWorkers: true,
    logger,
    ...(askPassphrase === undefined ? {} : { askPassphrase }),
  };
}
