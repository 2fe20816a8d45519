import { nextTimeOfDay, parseTimeOfDay } from "./date_time.ts";

/** A part of every day in local time, from one time until another, which may be on the next day. */
export interface TimeWindow {
  /** When it opens, in seconds since midnight. */
  readonly from: number;
  /** When it closes, in seconds since midnight. */
  readonly to: number;
}

/**
 * Reads a window: `22:00-06:00`.
 *
 * @param text Two times of the day with a hyphen between them.
 * @returns The window; `undefined` if it is none, or both times are the same.
 *
 * @example
 * ```ts
 * import { parseTimeWindow } from "./time_window.ts";
 *
 * parseTimeWindow("22:00-06:00"); // { from: 79_200, to: 21_600 }
 * ```
 */
export function parseTimeWindow(text: string): TimeWindow | undefined {
  const [from, to, more] = text.split("-").map((time) => parseTimeOfDay(time.trim()));
  if (from === undefined || to === undefined || more !== undefined || text.split("-").length !== 2) return undefined;
  return from === to ? undefined : { from, to };
}

/**
 * Says whether something may happen now.
 *
 * @param windows When it may; none: always.
 * @param now Milliseconds since the epoch.
 */
export function isWithin(windows: readonly TimeWindow[], now: number): boolean {
  if (windows.length === 0) return true;
  const date = new Date(now);
  const second = date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds();
  return windows.some(({ from, to }) => from < to ? second >= from && second < to : second >= from || second < to);
}

/** The first time from `now` on that lies within one of the windows. */
export function nextWithin(windows: readonly TimeWindow[], now: number): number {
  if (isWithin(windows, now)) return now;
  return Math.min(...windows.map(({ from }) => nextTimeOfDay(from, now)));
}
