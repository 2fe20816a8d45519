import { fileBytes } from "../base/file_bytes.ts";

const LF = 0x0a;
const CR = 0x0d;
const CHUNK_BYTES = 256 * 1024;

/** The beginning of a line in a file. */
export interface LinePlace {
  /** Which line it is. */
  line: number;
  /** Its first byte. */
  offset: number;
}

/**
 * Finds where a line begins.
 *
 * @param file The file; where it is read from next is left open.
 * @param known The beginning of a line before it.
 * @param wanted The line.
 * @param lfOnly Lines end in LF alone. Otherwise they may end in CR, too.
 * @returns The offset of its first byte; `undefined` if the file has fewer lines.
 */
export async function lineOffset(
  file: Deno.FsFile,
  known: LinePlace,
  wanted: number,
  lfOnly: boolean,
): Promise<number | undefined> {
  let { line, offset } = known;
  if (line === wanted) return offset;
  await file.seek(offset, Deno.SeekMode.Start);
  let endsInCr = false;
  for await (const chunk of fileBytes(file, CHUNK_BYTES)) {
    let from = 0;
    if (endsInCr) {
      if (chunk[0] === LF) from = 1;
      if (++line === wanted) return offset + from;
    }
    endsInCr = false;
    let cr = lfOnly ? -1 : chunk.indexOf(CR, from);
    while (true) {
      const lf = chunk.indexOf(LF, from);
      if (cr >= 0 && cr < from) cr = chunk.indexOf(CR, from);
      const isCr = cr >= 0 && (lf < 0 || cr < lf);
      const at = isCr ? cr : lf;
      if (at < 0) break;
      if (isCr && at === chunk.length - 1) {
        endsInCr = true;
        break;
      }
      from = at + (isCr && chunk[at + 1] === LF ? 2 : 1);
      if (++line === wanted) return offset + from;
    }
    offset += chunk.length;
  }
  return undefined;
}
