import { wordDistance } from "../base/word_distance.ts";

/** Of the letters of the longer word, the part that may be wrong, missing or too many. */
const MOST_WRONG = 0.45;
/** How much each letter of a beginning that is the same makes up for one that is wrong: people know how a word begins. */
const BEGINNING_COUNTS = 0.5;
/** What a part of a word is farther away than the whole. */
const PART_COSTS = 2;
/** A beginning, or a part between hyphens, that is shorter says nothing. */
const LEAST_BEGINNING = 3;
const LEAST_PART = 4;

/**
 * The word that somebody seems to have meant: one that begins like it, or else the nearest one that
 * is not too far away.
 *
 * @param word A word that is none of them.
 * @param words The words that there are.
 * @returns One of them; `undefined` if none is near.
 *
 * @example
 * ```ts
 * import { nearestWord } from "./nearest_word.ts";
 *
 * nearestWord("--retrys", ["--dir", "--retries"]); // "--retries"
 * nearestWord("--spider", ["--dir", "--retries"]); // undefined
 * ```
 */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const mark = /^(?:--?|CFG_|cfg_)/.exec(word)?.[0] ?? "";
  // What all of them begin with makes none of them nearer.
  const bare = (text: string) => text.slice(text.startsWith(mark) ? mark.length : 0).toLowerCase();
  const begins = (each: string) => {
    const [short, long] = [bare(word), bare(each)].sort((a, b) => a.length - b.length);
    return short!.length >= LEAST_BEGINNING && long!.startsWith(short!);
  };
  const [first] = words.filter(begins).sort((a, b) => a.length - b.length);
  if (first !== undefined) return first;
  const distances = words.map((each) => distance(bare(word), bare(each)));
  const least = Math.min(...distances);
  return least < Infinity ? words[distances.indexOf(least)] : undefined;
}

/** How far a word is from another one, or from a part of it; `Infinity` if that is too far. */
function distance(word: string, other: string): number {
  const parts = other.split(/[-_]/).filter((part) => part !== other && part.length >= LEAST_PART);
  const distances = [other, ...parts].map((text) => {
    const wrong = wordDistance(word, text);
    const length = Math.max(word.length, text.length);
    if (wrong > Math.max(1, Math.floor(length * MOST_WRONG))) return Infinity;
    return wrong + (text === other ? 0 : PART_COSTS) - sharedBeginning(word, text) * BEGINNING_COUNTS;
  });
  return Math.min(...distances);
}

function sharedBeginning(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
