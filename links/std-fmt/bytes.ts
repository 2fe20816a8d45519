// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/fmt/bytes` in a checkout.
 *
 * @module
 */
import { format as untyped } from "npm:deno-std@1.3.1/fmt/bytes.js";

/** Options of {@linkcode format}. */
export interface FormatOptions {
  /** Show bits instead of bytes. Default: false. */
  bits?: boolean;
  /** Use powers of 1024 and their prefixes (kiB) instead of powers of 1000 (kB). Default: false. */
  binary?: boolean;
  /** Put a sign before positive numbers too. Default: false. */
  signed?: boolean;
  /** Number formatting: true for the system's locale, or one or more BCP 47 tags. Default: false. */
  locale?: boolean | string | string[];
  /** The fewest digits after the decimal point. */
  minimumFractionDigits?: number;
  /** The most digits after the decimal point. */
  maximumFractionDigits?: number;
}

/** Writes a number of bytes for people, `1.34 kB` for 1337. */
export const format: (num: number, options?: FormatOptions) => string = untyped;
