// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/text/closest-string` in a checkout.
 *
 * @module
 */
import { closestString as untyped } from "npm:deno-std@1.3.1/text/closest_string.js";

/** Options of {@linkcode closestString}. */
export interface ClosestStringOptions {
  /** Whether `A` and `a` are different letters. Default: false. */
  caseSensitive?: boolean;
  /** How far two words are from each other. Default: their Levenshtein distance. */
  compareFn?: (a: string, b: string) => number;
}

/** The one of some words that is nearest to another one; the first of several that are as near. */
export const closestString: (
  givenWord: string,
  possibleWords: ReadonlyArray<string>,
  options?: ClosestStringOptions,
) => string = untyped;
