/** True if a status is worth another attempt. */
export type RetryOn = (status: number) => boolean;

/** The statuses that time may cure. */
export const RETRY_ON_DEFAULT = "408,425,429,5xx";

const LOWEST = 400;
const HIGHEST = 599;

/**
 * Reads which HTTP statuses are worth another attempt: single ones from 400 to 599, ranges of them, `4xx` and `5xx`,
 * separated by commas.
 *
 * @param text For example `408,429,500-504`. Default: {@linkcode RETRY_ON_DEFAULT}.
 * @returns What says whether a status is among them.
 * @throws {RangeError} If a part is anything else; the message names the first such part, and the whole text.
 *
 * @example
 * ```ts
 * import { retryOn } from "./retry_on.ts";
 *
 * const matches = retryOn("429,500-504");
 * matches(503); // true
 * matches(505); // false
 * ```
 */
export function retryOn(text: string = RETRY_ON_DEFAULT): RetryOn {
  const statuses = new Set<number>();
  for (const part of text.split(",")) {
    const range = parseRange(part.trim());
    if (typeof range === "string") {
      throw new RangeError(
        `Cannot retry on "${part.trim()}" as it must be ${range}: current value is "${text}"`,
      );
    }
    for (let status = range[0]; status <= range[1]; status++) statuses.add(status);
  }
  return (status) => statuses.has(status);
}

/** The first and the last status of a part, or what it must be. */
function parseRange(part: string): [first: number, last: number] | string {
  const [, hundreds] = /^([45])xx$/i.exec(part) ?? [];
  if (hundreds !== undefined) return [Number(hundreds) * 100, Number(hundreds) * 100 + 99];
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(part);
  if (match === null) return "a status such as 429, a range such as 500-504, 4xx or 5xx";
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  if (first < LOWEST || last > HIGHEST || last < LOWEST || first > HIGHEST) return `from ${LOWEST} to ${HIGHEST}`;
  return last < first ? "a range from low to high" : [first, last];
}
