import { Downloader } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { readEntries } from "../read_entries.ts";
import { runDownloader } from "../run_downloader.ts";
import { printEvents } from "../print_events.ts";
import { prepareSaveFailed } from "../prepare_save_failed.ts";
import { downloaderOptions } from "../settle_settings.ts";

/** `corehaul get`: downloads and exits, on a list of its own. */
export async function getCommand({ command, settings, terminal, logger }: CommandContext): Promise<number> {
  const batches = readEntries(command, settings, logger);
  // What is wrong with the command line or the file is said before anything is made.
  let batch = await batches.next();
  await using downloader = await Downloader.open(downloaderOptions({ settings, logger, terminal }, "get"));
  // Before the first entry: one that is refused is an event too.
  await using printing = printEvents(downloader, settings, logger);
  for (; !batch.done; batch = await batches.next()) {
    const { first, entries } = batch.value;
    await downloader.add(entries, { first });
  }
  const saving = await prepareSaveFailed(settings, logger);
  const { summary, signalCode } = await runDownloader(downloader, settings, terminal, logger, true, printing);
  const saved = await saving?.(downloader) ?? true;
  if (signalCode !== undefined && summary.end === "stopped") return signalCode;
  return summary.end === "full" || summary.counts.failed > 0 || summary.refused > 0 || !saved ? INCOMPLETE : DONE;
}
