import { CfgError } from "../config/cfg_error.ts";
import { formatChecksum } from "../download/checksum.ts";
import { ChecksumFileError, parseChecksumFile } from "../download/checksum_file.ts";

/**
 * Reads a file of checksums such as SHA256SUMS.
 *
 * @param file The file: lines as sha256sum and its like write them, with or without the name of the algorithm.
 * @returns The checksum of each file name as `algorithm:digest`, the strongest if there are several.
 * @throws {CfgError} If it cannot be read, or a line is none of that; names the file and the line.
 *
 * @example
 * ```ts ignore
 * import { addEntries, readChecksumFile } from "jsr:@corehaul/corehaul";
 *
 * await addEntries(list, entries, { checksums: await readChecksumFile("SHA256SUMS") });
 * ```
 */
export async function readChecksumFile(file: string): Promise<Map<string, string>> {
  const wrong = (message: string) => new CfgError([{ field: "checksumFile", source: "options", message }]);
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrong(
      `Cannot use --checksum-file as it must be a file that can be read: current value is "${file}" (${why})`,
    );
  }
  try {
    return new Map([...parseChecksumFile(text)].map(([name, checksum]) => [name, formatChecksum(checksum)]));
  } catch (error) {
    if (!(error instanceof ChecksumFileError)) throw error;
    throw wrong(`--checksum-file "${file}": ${error.message}`);
  }
}
