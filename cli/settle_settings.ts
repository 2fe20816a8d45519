import { cfgOptionsOf } from "../config/cfg_options.ts";
import { cfgGiven, cfgResolve, type CfgTexts, cfgUnknownVariables } from "../config/cfg_resolve.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloaderOptions } from "../mod.ts";
import { passphraseAsker } from "./ask_passphrase.ts";
import type { CommandContext } from "./command_context.ts";
import { configFiles, type ConfigPlace } from "./config_files.ts";
import type { Command } from "./parse_command.ts";

/** The settings of a command, and what is told of where they come from. */
export interface SettledSettings {
  /** The settings. */
  settings: CfgSettings;
  /** Those that do not have their defaults for want of anything else. */
  given: ReadonlySet<keyof CfgSettings>;
  /** Variables that look like options and are none. */
  unknownVariables: readonly string[];
  /** Where configuration files were looked for. */
  places: readonly ConfigPlace[];
  /** Everything that was said of options. */
  sources: CfgTexts;
}

/** Puts the settings of a command together, from its configuration files, the environment and its flags. */
export async function settleSettings(command: Command): Promise<SettledSettings> {
  const env = Deno.env.toObject();
  const places = await configFiles(command.config, env);
  const file = places.map((place) => place.file).filter((each) => each !== undefined);
  const sources = { file, env, flags: command.flags };
  return {
    settings: cfgResolve(sources),
    given: cfgGiven(sources),
    unknownVariables: cfgUnknownVariables(env),
    places,
    sources,
  };
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
