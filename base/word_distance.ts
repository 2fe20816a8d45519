/**
 * How many letters must be changed, left out, put in or swapped with the next one to make one word of the other.
 *
 * @example
 * ```ts
 * import { wordDistance } from "./word_distance.ts";
 *
 * wordDistance("chekcsum", "checksum"); // 1
 * ```
 */
export function wordDistance(a: string, b: string): number {
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
