// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/text/levenshtein-distance` in a checkout.
 *
 * @module
 */
import { levenshteinDistance as untyped } from "npm:deno-std@1.3.1/text/levenshtein_distance.js";

/** How many letters must be changed, put in or left out to make one text of another. */
export const levenshteinDistance: (str1: string, str2: string) => number = untyped;
