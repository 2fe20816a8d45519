/**
 * Reads points in time as people write them. Local time is that of the system, or of the variable `TZ`.
 *
 * @module
 */

/**
 * Reads a date and time after ISO 8601: `2026-12-24T22:00:00Z`, with another offset, or without one in local time; a
 * date alone is its midnight.
 *
 * @param text The text.
 * @returns Milliseconds since the epoch; `undefined` if it is none.
 *
 * @example
 * ```ts
 * import { parseDateTime } from "./date_time.ts";
 *
 * parseDateTime("1970-01-02T00:00:00Z"); // 86_400_000
 * ```
 */
export function parseDateTime(text: string): number | undefined {
  // Temporal takes annotations and forms without separators too, which other readers of the file would not.
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)) return undefined;
  try {
    return /(?:Z|T.*[+-]\d\d:\d\d)$/.test(text)
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDateTime.from(text).toZonedDateTime(Temporal.Now.timeZoneId()).epochMilliseconds;
  } catch (error) {
    // There is no such day or hour.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const DELAY = /^\+(\d+(?:\.\d+)?)(s|m|h|d)$/;
const DELAY_UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What a Date can hold, in milliseconds since the epoch. */
const LAST_DATE = 8.64e15;

/**
 * Reads when something is to begin: what {@linkcode parseDateTime} reads; a time of the day, `22:00` or `22:00:30`, the next
 * one in local time; or a while from now, `+90s`, `+2h`.
 *
 * @param text The text.
 * @param now Milliseconds since the epoch.
 * @returns Milliseconds since the epoch; `undefined` if it is none.
 */
export function parseStartTime(text: string, now: number): number | undefined {
  const delay = DELAY.exec(text);
  if (delay !== null) {
    const at = Math.round(now + Number(delay[1]) * DELAY_UNITS[delay[2]!]!);
    return at <= LAST_DATE ? at : undefined;
  }
  const second = parseTimeOfDay(text);
  return second === undefined ? parseDateTime(text) : nextTimeOfDay(second, now);
}

/**
 * Reads a time of the day: `22:00`, `06:30:15`; `24:00` is its end.
 *
 * @param text The text.
 * @returns Seconds since midnight; `undefined` if it is none.
 */
export function parseTimeOfDay(text: string): number | undefined {
  const match = /^([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (match === null) return undefined;
  const second = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  return second <= 86_400 ? second : undefined;
}

/** The next time that clocks show a time of the day, from now on. */
export function nextTimeOfDay(second: number, now: number): number {
  const date = new Date(now);
  for (let day = 0;; day++) {
    const at = new Date(date.getFullYear(), date.getMonth(), date.getDate() + day, 0, 0, second).getTime();
    if (at >= now) return at;
  }
}
