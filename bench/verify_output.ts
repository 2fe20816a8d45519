import { Buffer } from "node:buffer";
import { breathe } from "./breathe.ts";
import { type CaseFiles, sizeOfFile } from "./case_files.ts";
import { Payload, payloadName } from "./payload.ts";

/**
 * Checks that a tool left exactly the files it was asked for, each byte of
 * them right. Names that start with a dot are a tool's own affair.
 *
 * @param folder The output folder.
 * @param wanted The files that were asked for.
 * @returns `undefined`, or what is wrong.
 */
export async function verifyOutput(
  folder: string,
  wanted: CaseFiles,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { files } = wanted;
  let found = 0;
  for (const entry of Deno.readDirSync(folder)) {
    if (!entry.name.startsWith(".")) found++;
  }
  if (found !== files) {
    return `the output folder must hold ${files} files: ${found} found`;
  }
  const payload = new Payload();
  // One byte more than a block, so that a file that is too long is noticed.
  const scratch = Buffer.alloc(payload.block(0, Infinity, 0).length + 1);
  let wrong = 0;
  let first = "";
  for (let number = 0; number < files; number++) {
    if (number % 500 === 0) await breathe(signal);
    const problem = verifyFile(folder, number, sizeOfFile(wanted, number), payload, scratch);
    if (problem === undefined) continue;
    if (wrong++ === 0) first = `${payloadName(number)} ${problem}`;
  }
  return wrong === 0 ? undefined : `${wrong} of ${files} files are wrong, first: ${first}`;
}

function verifyFile(
  folder: string,
  number: number,
  size: number,
  payload: Payload,
  scratch: Buffer,
): string | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(`${folder}/${payloadName(number)}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "is missing";
    throw error;
  }
  using _ = file;
  for (let offset = 0; offset <= size;) {
    const expected = payload.block(number, size, offset);
    // At the last block (or just past it) the read must also meet the end of the file.
    const last = offset + expected.length >= size;
    const read = readFull(file, scratch.subarray(0, expected.length + (last ? 1 : 0)));
    if (read > expected.length) return `is longer than ${size} bytes`;
    if (read < expected.length) {
      return `has ${offset + read} bytes, not ${size}`;
    }
    if (!scratch.subarray(0, read).equals(expected)) {
      return `differs within 1 MiB of byte ${offset}`;
    }
    if (last) return undefined;
    offset += read;
  }
  return undefined;
}

/** Reads until the buffer is full or the file ends. */
function readFull(file: Deno.FsFile, buffer: Uint8Array): number {
  let length = 0;
  while (length < buffer.length) {
    const read = file.readSync(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return length;
}
