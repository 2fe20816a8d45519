import { parseUrl } from "../../base/parse_url.ts";
import type { ListedFile } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";

/** What a server says of an entry of a folder. Links are neither files nor folders: they may lead in circles. */
export interface FolderEntry {
  /** Its name; it may be anything. */
  name: string;
  /** Its name in a url. Default: `name` in UTF-8, percent-encoded. */
  inUrl?: string;
  /** True for a folder. */
  isDirectory: boolean;
  /** True for a regular file. */
  isFile: boolean;
}

/** No folder that people make is deeper; a server that has no end is. */
const MAX_DEPTH = 100;

/**
 * Lists a folder and all folders below it.
 *
 * @param url The folder; it ends with a slash.
 * @param look Lists one folder: `below` is empty, or its path below the first one with a slash at the end; `inUrl` is the same
 * as it stands in a url.
 * @returns Its files; in each folder those come first.
 * @throws {DownloadError} If the folders are too deep.
 */
export async function* walkFolder(
  url: string,
  look: (below: string, inUrl: string) => Promise<readonly FolderEntry[]>,
): AsyncGenerator<ListedFile> {
  const { href: start } = parseUrl(url)!;
  const folders: [below: string, inUrl: string, depth: number][] = [["", "", 0]];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const [below, inUrl, depth] = folder;
    if (depth > MAX_DEPTH) {
      throw new DownloadError("unsupported", `Cannot list the folder as it must be at most ${MAX_DEPTH} folders deep`);
    }
    const deeper: typeof folders = [];
    for (const { name, inUrl: part, isDirectory, isFile } of await look(below, inUrl)) {
      if (name === "." || name === "..") continue;
      const address = inUrl + (part ?? encodeURIComponent(name.toWellFormed()));
      if (isFile) yield { url: start + address, path: below + name };
      else if (isDirectory) deeper.push([`${below}${name}/`, `${address}/`, depth + 1]);
    }
    // One after the other: a call takes only so many arguments.
    for (const folder of deeper.reverse()) folders.push(folder);
  }
}
