import type { Logger } from "../base/logger.ts";
import type { ChecksumAlgorithm } from "../base/checksum_algorithm.ts";
import { readChecksumFile } from "./read_checksum_file.ts";

/** What names a file of checksums. */
export interface ChecksumSettings {
  /** The file. Default: none. */
  readonly checksumFile?: string;
  /** The algorithm of digests beside which none stands. Default: as the file says. */
  readonly checksumAlgo?: ChecksumAlgorithm;
}

/**
 * Reads the file of checksums that the settings name.
 *
 * @param settings The settings.
 * @param logger Warned of what is odd in it. Default: nobody is.
 * @returns The checksums by name; `undefined` if they name none.
 * @throws {CfgError} If it cannot be read, is no file of checksums, or contradicts itself.
 */
export async function readChecksums(
  { checksumFile, checksumAlgo: algorithm }: ChecksumSettings,
  logger?: Pick<Logger, "warn">,
): Promise<Map<string, string> | undefined> {
  if (checksumFile === undefined) return undefined;
  return await readChecksumFile(checksumFile, {
    ...(logger === undefined ? {} : { logger }),
    ...(algorithm === undefined ? {} : { algorithm }),
  });
}
