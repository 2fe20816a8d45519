/**
 * Reads the values that people write: durations, sizes, whole numbers, lists of cores. Each returns the value, or a
 * string that says what the text must be.
 *
 * @module
 */
import { parseCoreList } from "../base/parse_core_list.ts";

/** A value, or what it must be. */
export type Parsed<T> = { value: T } | { must: string };

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds: `0.1`, `30`, `500ms`, `2m`; bare numbers are seconds. */
export function parseDuration(text: string): Parsed<number> {
  const match = DURATION.exec(text.trim());
  if (match === null) return { must: "be a duration such as 0.5, 30, 500ms, 2m or 1h" };
  return { value: Number(match[1]) * DURATION_UNITS[match[2] ?? "s"]! };
}

const SIZE = /^(\d+(?:\.\d+)?)([kmgt])?(?:i?b)?$/i;
const SIZE_UNITS: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** A number of bytes: `500`, `64K`, `1.5M`, `2G`; the units are powers of 1024. */
export function parseSize(text: string): Parsed<number> {
  const match = SIZE.exec(text.trim());
  const value = match === null ? NaN : Math.round(Number(match[1]) * (SIZE_UNITS[match[2]?.toLowerCase() ?? ""] ?? 1));
  return Number.isSafeInteger(value) ? { value } : { must: "be a size such as 500, 64K, 1.5M or 2G" };
}

/** A whole number within a range. */
export function parseInteger(text: string, min: number, max: number): Parsed<number> {
  const must = max === Number.MAX_SAFE_INTEGER
    ? `be a whole number of at least ${min}`
    : `be a whole number from ${min} to ${max}`;
  if (!/^-?\d+$/.test(text.trim())) return { must };
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : { must };
}

/** A switch: `true`, `false`, `1`, `0`, `yes`, `no`. */
export function parseSwitch(text: string): Parsed<boolean> {
  switch (text.trim().toLowerCase()) {
    case "true":
    case "1":
    case "yes":
    case "on":
      return { value: true };
    case "false":
    case "0":
    case "no":
    case "off":
      return { value: false };
    default:
      return { must: "be true or false" };
  }
}

/** A list of cores as taskset takes it: `1-3,6`. */
export function parseCores(text: string): Parsed<number[]> {
  try {
    return { value: parseCoreList(text) };
  } catch {
    return { must: "be a list of cores such as 1-3,6" };
  }
}
