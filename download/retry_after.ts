/**
 * Reads a Retry-After header in both of its forms (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @param value The header, or null.
 * @param now Milliseconds since the epoch.
 * @returns The time in milliseconds since the epoch, or `undefined` if there is none that can be read.
 *
 * @example
 * ```ts
 * import { retryAfter } from "./retry_after.ts";
 *
 * retryAfter("120", 0); // 120000
 * ```
 */
export function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return now + Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}
