import { nearestWord } from "../config/nearest_word.ts";
import { foreignWord } from "./foreign_words.ts";
import type { WrongWord } from "./usage_error.ts";

/**
 * What to write in place of a wrong word: what other tools' options are called here, or the nearest right word.
 *
 * @param wrong The word, and those that there are.
 * @returns A text that follows a colon; `undefined` if nothing is near.
 */
export function usageHint({ word, also = [], known }: WrongWord): string | undefined {
  for (const each of [word, ...also]) {
    const answer = foreignWord(each);
    if (answer !== undefined) return answer;
  }
  for (const words of known) {
    const nearest = nearestWord(word, words);
    if (nearest !== undefined) return `did you mean ${nearest}?`;
  }
  return undefined;
}
