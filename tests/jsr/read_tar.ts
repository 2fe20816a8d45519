const BLOCK = 512;
const REGULAR_FILE = /^[0\0]$/;
const GNU_LONG_NAME = "L";

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/**
 * Reads the regular files of an uncompressed tar archive (ustar, with GNU long names).
 *
 * @returns Contents by path; a path has no leading `./`.
 * @throws {RangeError} If the archive ends inside a file or a size is no number.
 */
export function readTar(archive: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let longName: string | undefined;
  for (let offset = 0; offset + BLOCK <= archive.length;) {
    const header = archive.subarray(offset, offset + BLOCK);
    if (header[0] === 0) break;
    const size = parseInt(text(header, 124, 12), 8);
    const start = offset + BLOCK;
    if (!(start + size <= archive.length)) {
      throw new RangeError(`Cannot read the archive as an entry must end inside it: current value is ${start + size}`);
    }
    const body = archive.slice(start, start + size);
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === GNU_LONG_NAME) {
      longName = text(body, 0, size);
    } else {
      const prefix = text(header, 257, 6).startsWith("ustar") && header[262] === 0 ? text(header, 345, 155) : "";
      const name = longName ?? (prefix === "" ? "" : `${prefix}/`) + text(header, 0, 100);
      if (REGULAR_FILE.test(type)) files.set(name.replace(/^\.\//, ""), body);
      longName = undefined;
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
