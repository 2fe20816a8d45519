import { fileExists } from "../base/file_exists.ts";
import { redactUrl } from "../base/redact_url.ts";
import { lockLeft, lookAtLeft, removeLeft } from "./left_files.ts";
import { pathBelow } from "./path_below.ts";
import { readState } from "./read_state.ts";
import { isBelow } from "./recover_claim.ts";
import { bytesIn } from "./segment_plan.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** Whose unfinished file is meant. */
export interface PartOf {
  /** The path of the finished file, relative to the download folder. */
  out: string;
  /** Where it comes from. */
  url: string;
  /** Further urls that bring it. */
  mirrors?: readonly string[];
}

/** An unfinished file as it was met. */
export interface MetPart {
  /**
   * `free`: nobody holds it, and it stays; `dropped`: it is removed; `held`: a download writes it; `others`: it is of another
   * url, which alone may go on with it.
   */
  type: "free" | "dropped" | "held" | "others";
  /** Bytes of the file that are there. */
  bytes: number;
}

/**
 * Looks at the unfinished file of a task, and may remove it.
 *
 * @param root The download folder, resolved by the system.
 * @param of Whose it is.
 * @param drop Remove it, if nobody holds it. Default false.
 * @returns What was met; undefined if there is none.
 * @throws {Error} If the disk refuses it.
 */
export function meetPart(root: string, of: PartOf, drop = false): MetPart | undefined {
  try {
    return meet(root, of, drop);
  } catch (error) {
    // Its download has come to its end in between.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function meet(root: string, { out, url, mirrors = [] }: PartOf, drop: boolean): MetPart | undefined {
  const path = unfinishedPath(pathBelow(root, out));
  // Most tasks have none.
  if (!fileExists(path)) return undefined;
  const info = lookAtLeft(path);
  if (info?.isFile !== true || !isBelow(root, out)) return undefined;
  const state = readState(`${path}-info`);
  const bytes = state?.pieces === undefined ? info.size : bytesIn(state.pieces.written);
  if (state !== undefined && ![url, ...mirrors].some((one) => redactUrl(one) === state.url)) {
    return { type: "others", bytes };
  }
  using lock = lockLeft(path);
  if (lock === undefined) return { type: "held", bytes };
  if (!drop) return { type: "free", bytes };
  // Its holder may have given it its name in between.
  if (lookAtLeft(path)?.ino !== info.ino) return undefined;
  removeLeft(`${path}-info`);
  return removeLeft(path) ? { type: "dropped", bytes } : undefined;
}

/** As {@linkcode meetPart} that removes it, for whoever has done with a task: what the disk refuses stays. */
export function dropPart(root: string, of: PartOf): void {
  try {
    meetPart(root, of, true);
  } catch {
    // `clean` finds it later.
  }
}
