import { basename } from "@std/path";
import type { Logger } from "../base/logger.ts";
import { CfgError } from "../config/cfg_error.ts";
import { type ChecksumAlgorithm, formatChecksum } from "../download/checksum.ts";
import { type ChecksumFile, ChecksumFileError, parseChecksumFile } from "../download/checksum_file.ts";

/** How {@linkcode readChecksumFile} reads. */
export interface ReadChecksumFileOptions {
  /**
   * The algorithm of digests beside which none stands. Default: what a heading in the file or the name of the file says, such as
   * `SHA256SUMS`; else the length of the digest tells.
   */
  algorithm?: ChecksumAlgorithm;
  /** Warned of lines that are passed over, and if only lengths tell the algorithm. Default: nobody is. */
  logger?: Pick<Logger, "warn">;
}

/**
 * Reads a file of checksums such as SHA256SUMS. Lines that are no checksums, or of an algorithm that is not known, are passed over.
 *
 * @param file The file: lines as sha256sum and its like write them, with or without the name of the algorithm.
 * @param options What tells the algorithm, and who is warned.
 * @returns The checksum of each file name as `algorithm:digest`, the strongest if there are several.
 * @throws {CfgError} If it cannot be read, is no file of checksums, or contradicts itself; names the file and the line.
 *
 * @example
 * ```ts ignore
 * import { addEntries, readChecksumFile } from "jsr:@corehaul/corehaul";
 *
 * await addEntries(list, entries, { checksums: await readChecksumFile("SHA256SUMS") });
 * ```
 */
export async function readChecksumFile(
  file: string,
  { algorithm, logger }: ReadChecksumFileOptions = {},
): Promise<Map<string, string>> {
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
    const options = { ...(algorithm === undefined ? {} : { algorithm }), fileName: basename(file) };
    const parsed = parseChecksumFile(text, options);
    for (const warning of warnings(parsed)) logger?.warn(`--checksum-file "${file}": ${warning}`);
    return new Map([...parsed.checksums].map(([name, checksum]) => [name, formatChecksum(checksum)]));
  } catch (error) {
    if (!(error instanceof ChecksumFileError)) throw error;
    throw wrong(`--checksum-file "${file}": ${error.message}`);
  }
}

function* warnings({ passedOver, byLength, signed }: ChecksumFile): Generator<string> {
  const notes: string[] = [];
  if (passedOver !== undefined) {
    const { count, line, text } = passedOver;
    const first = `line ${line}, ${JSON.stringify(text.slice(0, 100))}`;
    notes.push(
      count === 1
        ? `one line is no checksum of a known algorithm and is passed over: ${first}`
        : `${count} lines are no checksums of a known algorithm and are passed over, the first is ${first}`,
    );
  }
  if (signed) notes.push("its signature is not checked");
  if (notes.length > 0) yield notes.join("; ");
  if (byLength.length === 0) return;
  yield `only the length of its digests says that they are ${
    byLength.join(" and ")
  }: --checksum-algo names the algorithm, so does a name such as SHA256SUMS`;
}
