import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, type Downloader, type Logger, OutputFile, saveFailed } from "../mod.ts";

/**
 * Finds out before a run, not after it, whether the file of `--save-failed` can be written.
 *
 * @param settings The settings.
 * @param logger Where to say what is wrong with the file.
 * @returns What writes the file, if one was asked for; it says whether it did.
 * @throws {CfgError} If it cannot be written.
 */
export async function prepareSaveFailed(
  settings: CfgSettings,
  logger: Logger,
): Promise<((downloader: Downloader) => Promise<boolean>) | undefined> {
  const path = settings.saveFailed;
  if (path === undefined) return undefined;
  const problem = await OutputFile.problem(path);
  if (problem !== undefined) {
    const message =
      `Cannot use --save-failed as it must be a file that can be written: current value is "${path}" (${problem})`;
    throw new CfgError([{ field: "saveFailed", source: "flag", message }]);
  }
  return async (downloader) => {
    try {
      await saveFailed(downloader, path, { logger });
      return true;
    } catch (error) {
      // Whoever reads it has seen enough of it.
      if (error instanceof Deno.errors.BrokenPipe) return true;
      const why = error instanceof Error ? error.message : String(error);
      logger.error(`the tasks that failed are not in "${path}" (--save-failed): ${why}`);
      return false;
    }
  };
}
