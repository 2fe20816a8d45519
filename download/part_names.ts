/**
 * Files that downloads leave behind, told by their names.
 *
 * @module
 */
import { PART_SUFFIX } from "./task_names.ts";

/** A file that a download left, by its name. */
export interface PartName {
  /** The name of the unfinished file that it belongs to. */
  part: string;
  /** `part`: that file itself; `info`: what is known of it; `claim`: a file of one claim alone, which nobody continues. */
  kind: "part" | "info" | "claim";
}

/** What stands behind the name of a file of one claim alone: its owner, its worker and its fence. */
const CLAIM = /^(.+\.part)(?:-info)?-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+-[0-9A-Za-z]+(?:-2)?$/;
const INFO = `${PART_SUFFIX}-info`;

/** What a file is by its name; undefined if no download gives such names. */
export function partName(name: string): PartName | undefined {
  if (!name.includes(PART_SUFFIX)) return undefined;
  if (name.endsWith(PART_SUFFIX)) return name.length > PART_SUFFIX.length ? { part: name, kind: "part" } : undefined;
  if (name.endsWith(INFO) && name.length > INFO.length) {
    return { part: name.slice(0, -INFO.length) + PART_SUFFIX, kind: "info" };
  }
  const part = CLAIM.exec(name)?.[1];
  return part === undefined ? undefined : { part, kind: "claim" };
}
