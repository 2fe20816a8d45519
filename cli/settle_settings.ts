import { CfgError } from "../config/cfg_error.ts";
import { cfgResolve } from "../config/cfg_resolve.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloaderOptions, Logger } from "../mod.ts";
import type { Command } from "./parse_command.ts";

/** Puts the settings of a command together, from its configuration file, the environment and its flags. */
export async function settleSettings(command: Command): Promise<CfgSettings> {
  const file = command.config === undefined ? {} : { file: await readConfig(command.config) };
  return cfgResolve({ ...file, env: Deno.env.toObject(), flags: command.flags });
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

/** The options of a downloader that works as the settings say. */
export function downloaderOptions(settings: CfgSettings, logger: Logger): DownloaderOptions {
  const { cores, workers, timeoutMs, checksumFile, expectType } = settings;
  return {
    directory: settings.dir,
    ...(cores === undefined ? {} : { cores }),
    ...(workers === undefined ? {} : { workers }),
    pin: settings.pin,
    pinMain: settings.pin,
    restrictWorkers: true,
    concurrency: settings.concurrency,
    cpuThreshold: settings.cpuThreshold,
    admitIntervalMs: settings.admitIntervalMs,
    retries: settings.retries,
    retryWaitMs: settings.retryWaitMs,
    retryOn: settings.retryOn,
    connectTimeoutMs: settings.connectTimeoutMs,
    stallTimeoutMs: settings.stallTimeoutMs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    httpClient: settings.httpClient,
    maxRedirects: settings.maxRedirects,
    ...(expectType === undefined ? {} : { expectType }),
    ...(checksumFile === undefined ? {} : { checksumFile }),
    graceMs: settings.graceMs,
    lang: settings.lang,
    logger,
  };
}
