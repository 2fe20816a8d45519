import { basename, dirname, join, resolve } from "@std/path";

/** What a path to write to leads to. */
export type OutputPlace =
  /** Nothing is there yet. */
  | { type: "new"; path: string }
  /** A file, which another one may take the place of. */
  | { type: "file"; path: string; info: Deno.FileInfo }
  /** A device, a FIFO, or what a descriptor of this process leads to: it takes bytes and is not replaced. */
  | { type: "stream"; path: string; fifo: boolean }
  /** Standard output or standard error of this process. */
  | { type: "standard"; to: typeof Deno.stdout };

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Finds out what a path to write to leads to: through links, also those that lead to nothing yet.
 *
 * @param path The path.
 * @returns The place; its path has no link at its end.
 * @throws {Error} If no file can be written there: the folder is missing, or it is a folder, a disk or a socket. The message says
 * which.
 */
export async function outputPlace(path: string): Promise<OutputPlace> {
  let at = resolve(path);
  for (let links = 0;; links++) {
    const folder = await realFolder(dirname(at));
    at = join(folder, basename(at));
    const descriptor = ownDescriptor(folder, basename(at));
    if (descriptor === 1) return { type: "standard", to: Deno.stdout };
    if (descriptor === 2) return { type: "standard", to: Deno.stderr };
    if (descriptor !== undefined) return { type: "stream", path: at, fifo: (await Deno.stat(at)).isFifo === true };
    const info = await infoOf(at);
    if (info === undefined) return { type: "new", path: at };
    if (!info.isSymlink) return placeOf(at, info);
    if (links === MAX_LINKS) throw new Error("its links lead in a circle");
    at = resolve(folder, await Deno.readLink(at));
  }
}

async function realFolder(folder: string): Promise<string> {
  try {
    return await Deno.realPath(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound("its folder must be there");
  }
}

/** The number of a descriptor of this process, if that is what the folder has under the name. */
function ownDescriptor(folder: string, name: string): number | undefined {
  const own = new RegExp(`^/proc/${Deno.pid}/(task/\\d+/)?fd$`).test(folder);
  return own && /^\d+$/.test(name) ? Number(name) : undefined;
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function placeOf(path: string, info: Deno.FileInfo): OutputPlace {
  if (info.isFile) return { type: "file", path, info };
  if (info.isDirectory) throw new Error("it is a folder");
  if (info.isBlockDevice) throw new Error("it is a disk");
  if (info.isSocket) throw new Error("it is a socket");
  return { type: "stream", path, fifo: info.isFifo === true };
}
