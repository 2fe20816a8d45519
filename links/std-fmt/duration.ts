// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/fmt/duration` in a checkout.
 *
 * @module
 */
import { format as untyped } from "npm:deno-std@1.3.1/fmt/duration.js";

/** Options of {@linkcode format}. */
export interface FormatOptions {
  /** `1m 2s`, `00:00:01:02…` or `1 minute, 2 seconds`. Default: "narrow". */
  style?: "narrow" | "digital" | "full";
  /** Leave parts out that are zero. Default: false. */
  ignoreZero?: boolean;
}

/** Writes a duration in milliseconds for people. */
export const format: (ms: number, options?: FormatOptions) => string = untyped;
