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
  const { cores, workers, timeoutMs } = settings;
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
    connectTimeoutMs: settings.connectTimeoutMs,
    stallTimeoutMs: settings.stallTimeoutMs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    httpClient: settings.httpClient,
    maxRedirects: settings.maxRedirects,
    ...identityOptions(settings),
    graceMs: settings.graceMs,
    lang: settings.lang,
    logger,
  };
}

function identityOptions(settings: CfgSettings): DownloaderOptions {
  const { headers, userAgent, referer, netrc, cookies, proxy, ca, cert, key, allowPrivate } = settings;
  return {
    ...(headers === undefined ? {} : { headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])) }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
    ...(netrc === undefined ? {} : { netrc }),
    ...(cookies === undefined ? {} : { cookies }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    insecure: settings.insecure,
    denyPrivate: settings.denyPrivate,
    ...(allowPrivate === undefined ? {} : { allowPrivate }),
    allowDowngrade: settings.allowDowngrade,
  };
}
