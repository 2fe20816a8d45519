import { checkTaskFiles, Downloader } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { runDownloader } from "../run_downloader.ts";
import { printEvents } from "../print_events.ts";
import { prepareSaveFailed } from "../prepare_save_failed.ts";
import { downloaderOptions } from "../settle_settings.ts";

/** `corehaul run`: watches the task file and downloads until stopped. */
export async function runCommand({ settings, given, terminal, logger }: CommandContext): Promise<number> {
  // A list can be worked off without its default file, but files that were asked for by name must come.
  if (settings.once && given.has("tasks")) await checkTaskFiles(settings.tasks, true);
  await using downloader = await Downloader.open(downloaderOptions({ settings, logger, terminal }, "run"));
  const saving = await prepareSaveFailed(settings, logger);
  await using printing = printEvents(downloader, settings, logger);
  const { summary, signalCode } = await runDownloader(downloader, settings, terminal, logger, settings.once, printing);
  const saved = await saving?.(downloader) ?? true;
  if (!settings.once) return saved ? DONE : INCOMPLETE;
  if (signalCode !== undefined && summary.end === "stopped") return signalCode;
  const { counts: { failed }, refused, broken = 0 } = summary;
  return summary.end === "full" || failed > 0 || refused > 0 || broken > 0 || !saved ? INCOMPLETE : DONE;
}
