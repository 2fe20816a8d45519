import { CfgError } from "../config/cfg_error.ts";
import { cfgGiven, cfgResolve, cfgUnknownVariables } from "../config/cfg_resolve.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloaderOptions, Logger } from "../mod.ts";
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

/** What is for the command line alone; everything else is an option of a downloader under the same name. */
const CLI_ONLY: ReadonlySet<string> = new Set(
  [
    "tasks",
    "once",
    "dir",
    "out",
    "input",
    "status",
    "all",
    "where",
    "missing",
    "failed",
    "dryRun",
    "limit",
    "saveFailed",
    "verify",
    "format",
    "output",
    "checksum",
    "progress",
    "json",
    "logLevel",
    "logFile",
    "logFormat",
  ] satisfies (keyof CfgSettings)[],
);

/** What is about the list that `run` works off. A variable that says it must not hinder `get`, which has one of its own. */
const LIST_ONLY = [
  ...["queue", "namespace", "queueCa", "queueCert", "queueKey"] as const,
  ...["waitQueue", "queueTimeoutMs", "fleetPerHost", "shard"] as const,
] satisfies (keyof CfgSettings)[];

/** The options of a downloader about the list that the settings name. */
export function listOptions(settings: CfgSettings): DownloaderOptions {
  const named = LIST_ONLY.map((name) => [name, settings[name]] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as DownloaderOptions;
}

function isForCommands(name: string): boolean {
  return CLI_ONLY.has(name) || LIST_ONLY.some((other) => other === name);
}

/** The options of a downloader that works as the settings say, on a list of its own. */
export function downloaderOptions(settings: CfgSettings, logger: Logger): DownloaderOptions {
  const { headers, protocols } = settings;
  const shared = Object.entries(settings).filter(([name, value]) => !isForCommands(name) && value !== undefined);
  return {
    ...Object.fromEntries(shared) as DownloaderOptions,
    ...(headers === undefined ? {} : { headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])) }),
    ...(protocols === undefined
      ? {}
      : { protocols: Object.fromEntries(protocols.map(({ scheme, module }) => [scheme, module])) }),
    directory: settings.dir,
    pinMain: settings.pin,
    restrictWorkers: true,
    logger,
  };
}
