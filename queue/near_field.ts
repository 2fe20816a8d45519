import { wordDistance } from "../base/word_distance.ts";
import { TASK_FIELDS } from "./task_request.ts";

/** Columns and fields that hold one header each. */
export const HEADER_PREFIX = "header:";

/** Names that tables of urls often have, though they are one letter away from a field. */
const OWN_WORDS: ReadonlySet<string> = new Set(["site", "side"]);

/**
 * The field of a task that a name seems to mean, and does not spell. Two letters may be wrong, missing, too many or swapped;
 * one in a short name: there nearly every other word is two letters away.
 *
 * @param name A name that is no field.
 * @returns The field; `undefined` if the name means something else.
 *
 * @example
 * ```ts
 * import { nearField } from "./near_field.ts";
 *
 * nearField("chekcsum"); // "checksum"
 * nearField("title"); // undefined
 * ```
 */
export function nearField(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (OWN_WORDS.has(lower)) return undefined;
  return TASK_FIELDS.find((field) => isNear(lower, field.toLowerCase()));
}

function isNear(name: string, field: string): boolean {
  const most = field.length > 5 ? 2 : field.length > 2 ? 1 : 0;
  return Math.abs(name.length - field.length) <= most && wordDistance(name, field) <= most;
}
