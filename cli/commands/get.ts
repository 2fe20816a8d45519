import { Downloader } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { readEntries } from "../read_entries.ts";
import { runDownloader } from "../run_downloader.ts";
import { prepareSaveFailed } from "../prepare_save_failed.ts";
import { downloaderOptions } from "../settle_settings.ts";

/** `corehaul get`: downloads and exits, on a list of its own. */
export async function getCommand({ command, settings, terminal, logger }: CommandContext): Promise<number> {
  const entries = await readEntries(command, settings);
  await using downloader = await Downloader.open(downloaderOptions(settings, logger));
  const results = await downloader.add(entries);
  const saving = await prepareSaveFailed(settings);
  const { summary, signalCode } = await runDownloader(downloader, settings, terminal, true);
  await saving?.(downloader);
  if (signalCode !== undefined && summary.end === "stopped") return signalCode;
  const refused = results.some((result) => result.type === "refused");
  return summary.counts.failed > 0 || refused ? INCOMPLETE : DONE;
}
