const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";

const FIXED = new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`);
const RFC_850 = new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`);

/** A year of two digits is at most so many years ahead. */
const YEARS_AHEAD = 50;

/**
 * Reads a date of HTTP in its three forms (RFC 9110, 5.6.7), which are all in UTC: `Sun, 06 Nov 1994 08:49:37 GMT`,
 * `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The name of the day need not be the right one.
 *
 * @param text The text.
 * @param now Milliseconds since the epoch, for years of two digits. Default: now.
 * @returns Milliseconds since the epoch; undefined for whatever else it is, and for days that do not exist.
 *
 * @example
 * ```ts
 * import { parseHttpDate } from "./http_date.ts";
 *
 * parseHttpDate("Fri, 02 Jan 1970 00:00:00 GMT"); // 86_400_000
 * parseHttpDate("0"); // undefined
 * ```
 */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  const parts = (FIXED.exec(text) ?? RFC_850.exec(text) ?? ASCTIME.exec(text))?.groups;
  if (parts === undefined) return undefined;
  const { day, month, year, hour, minute, second } = parts;
  const fullYear = year!.length === 4 ? Number(year) : withCentury(Number(year), new Date(now).getUTCFullYear());
  const date = new Date(0);
  // Date.UTC would take the years before 100 for others.
  date.setUTCFullYear(fullYear, MONTHS.indexOf(month!), Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}

function withCentury(year: number, thisYear: number): number {
  const full = thisYear - thisYear % 100 + year;
  if (full > thisYear + YEARS_AHEAD) return full - 100;
  return full <= thisYear + YEARS_AHEAD - 100 ? full + 100 : full;
}
