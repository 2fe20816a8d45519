import { dirname } from "@std/path";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, type Downloader, saveFailed } from "../mod.ts";

/**
 * Finds out before a run, not after it, whether the file of `--save-failed` has a folder.
 *
 * @param settings The settings.
 * @returns What writes the file, if one was asked for.
 * @throws {CfgError} If it has none.
 */
export async function prepareSaveFailed(
  settings: CfgSettings,
): Promise<((downloader: Downloader) => Promise<unknown>) | undefined> {
  const path = settings.saveFailed;
  if (path === undefined) return undefined;
  if (!await Deno.stat(dirname(path)).then((info) => info.isDirectory, () => false)) {
    const message = `Cannot use --save-failed as its folder must be there: current value is "${path}"`;
    throw new CfgError([{ field: "saveFailed", source: "flag", message }]);
  }
  return (downloader) => saveFailed(downloader, path);
}
