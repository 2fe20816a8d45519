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
  return Math.abs(name.length - field.length) <= most && distance(name, field) <= most;
}

/** How many letters must be changed, left out, put in or swapped with the next one to make one name of the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          change,
          row[j - 1]! + 1,
          rows[i - 1]![j]! + 1,
          swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
        ),
      );
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
