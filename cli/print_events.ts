import type { CfgSettings } from "../config/cfg_settings.ts";
import type { Downloader } from "../mod.ts";
import type { Logger } from "../mod.ts";
import { tell } from "./print.ts";

/** Prints events as they come. */
export interface EventPrinter extends AsyncDisposable {
  /** Prints what has happened until now, and no more. */
  stop(): Promise<void>;
}

/**
 * Prints what happens from now on, with `--json`.
 *
 * @param downloader Whose events.
 * @param settings Whether to.
 * @param logger Warned if they cannot be printed.
 * @returns What stops it; `undefined` if nothing is printed.
 */
export function printEvents(downloader: Downloader, settings: CfgSettings, logger: Logger): EventPrinter | undefined {
  if (!settings.json) return undefined;
  const events = downloader.events();
  const printed = (async () => {
    for await (const event of events) await tell(JSON.stringify(event), logger);
  })();
  const stop = async () => {
    // Whatever has happened is in the buffer: it is read before the subscription ends.
    await new Promise((resolve) => setTimeout(resolve));
    await events.return?.();
    await printed;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}
