import { breathe } from "./breathe.ts";
import { type CaseFiles, sizeOfFile } from "./case_files.ts";
import { Payload, payloadName } from "./payload.ts";

/**
 * Writes a case's files into a folder, from where nginx serves them.
 *
 * @param folder A folder that exists.
 * @param wanted The files.
 */
export async function writeSource(folder: string, wanted: CaseFiles, signal?: AbortSignal): Promise<void> {
  const payload = new Payload();
  for (let number = 0; number < wanted.files; number++) {
    const size = sizeOfFile(wanted, number);
    if (number % 500 === 0) await breathe(signal);
    using file = Deno.openSync(`${folder}/${payloadName(number)}`, {
      write: true,
      createNew: true,
    });
    for (let offset = 0; offset < size;) {
      const block = payload.block(number, size, offset);
      for (let at = 0; at < block.length;) at += file.writeSync(block.subarray(at));
      offset += block.length;
    }
  }
}
