import type { CfgSettings } from "../config/cfg_settings.ts";
import { type Logger, readChecksumFile } from "../mod.ts";

/**
 * Reads the file of `--checksum-file`.
 *
 * @param settings The settings.
 * @param logger Warned of what is odd in it.
 * @returns The checksums by name; `undefined` if there is no such option.
 */
export async function readChecksums(
  { checksumFile, checksumAlgo: algorithm }: CfgSettings,
  logger: Logger,
): Promise<Map<string, string> | undefined> {
  if (checksumFile === undefined) return undefined;
  return await readChecksumFile(checksumFile, { logger, ...(algorithm === undefined ? {} : { algorithm }) });
}
