import { lockLeft, lookAtLeft, removeLeft } from "./left_files.ts";
import type { ManifestIndex } from "./manifest_index.ts";
import { pathBelow } from "./path_below.ts";
import { readState } from "./read_state.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/**
 * Removes what another download of a file has left beside it, now that it is finished: nobody continues that any more. What a
 * process holds, also one that is frozen, it removes itself when it wakes up.
 *
 * @param root The download folder.
 * @param out The path of the finished file below it.
 * @param urls Where the file comes from, without userinfo: what was left of another one stays.
 * @returns How many unfinished files were removed. Whatever the disk does not let it remove stays.
 */
export function removeOutdated(root: string, out: string, urls: readonly string[]): number {
  const path = unfinishedPath(pathBelow(root, out));
  const state = `${path}-info`;
  try {
    const url = readState(state)?.url;
    if (url !== undefined && !urls.includes(url)) return 0;
    const info = lookAtLeft(path);
    // What was planted there is nobody's unfinished file.
    if (info === undefined) removeLeft(state);
    if (info?.isFile !== true) return 0;
    using lock = lockLeft(path);
    // Its holder may have given it its name in between.
    if (lock === undefined || lookAtLeft(path)?.ino !== info.ino) return 0;
    removeLeft(state);
    return removeLeft(path) ? 1 : 0;
  } catch {
    return 0;
  }
}

/**
 * As {@linkcode removeOutdated}, of a file that may be an older version: only if the manifest says that it was finished after
 * the unfinished one was begun.
 *
 * @param root The download folder.
 * @param out The path of the file below it.
 * @param manifest What the manifest says; it is read only if that matters.
 */
export async function removeIfOutdated(
  root: string,
  out: string,
  manifest: Pick<ManifestIndex, "refresh" | "newest">,
): Promise<number> {
  const finalPath = pathBelow(root, out);
  const part = lookAtLeft(unfinishedPath(finalPath));
  const file = part?.isFile === true ? lookAtLeft(finalPath) : undefined;
  if (file?.isFile !== true) return 0;
  await manifest.refresh();
  const line = manifest.newest(out);
  if (line === undefined || line.inode !== file.ino || line.bytes !== file.size) return 0;
  const begun = part!.birthtime ?? part!.mtime;
  return begun !== null && begun.getTime() < line.finishedAt ? removeOutdated(root, out, [line.url]) : 0;
}
