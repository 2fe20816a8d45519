import { parseDateTime } from "../base/date_time.ts";
import { parseHttpDate } from "./http_date.ts";

/** Dates of HTTP have a comma behind the name of their day. */
const COMMA = /(?<!\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*),/;
const SECONDS = /^\+?(\d+(?:\.\d+)?|\.\d+)$/;
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d[:.\d]*)(Z|[+-]\d\d:\d\d)?)?$/;

/** What is larger is no wait in seconds, but a time since the epoch: in seconds, or in milliseconds. */
const FIRST_EPOCH_SECOND = 1e9;
const FIRST_EPOCH_MS = 1e12;
/** Nobody means a later time. */
const LAST = Date.UTC(9999, 11, 31);

/**
 * Reads a Retry-After field (RFC 9110, 10.2.3), or another one that tells a time in the same way: a date of HTTP or of ISO
 * 8601 (without a zone in UTC), or a number. Up to 10^9 the number is seconds from now, rounded up; up to 10^12 it is seconds since the
 * epoch, and above milliseconds. Of a list the latest time counts.
 *
 * @param value The field, or null.
 * @param now Milliseconds since the epoch.
 * @returns The time in milliseconds since the epoch; undefined if nothing can be read, or it is after the year 9999.
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
  let latest: number | undefined;
  for (const part of value.split(COMMA)) {
    const at = readTime(part.trim(), now);
    if (at !== undefined && at <= LAST && (latest === undefined || at > latest)) latest = at;
  }
  return latest;
}

function readTime(text: string, now: number): number | undefined {
  const number = SECONDS.exec(text)?.[1];
  if (number !== undefined) {
    const value = Number(number);
    if (value <= FIRST_EPOCH_SECOND) return now + Math.ceil(value) * 1000;
    return Math.ceil(value > FIRST_EPOCH_MS ? value : value * 1000);
  }
  const [iso, day, time = "00:00", zone = "Z"] = ISO.exec(text) ?? [];
  return iso === undefined ? parseHttpDate(text, now) : parseDateTime(`${day}T${time}${zone}`);
}
