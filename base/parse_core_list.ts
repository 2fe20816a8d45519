import { MAX_CORE } from "./max_core.ts";

/**
 * Reads a list of cores as `taskset` writes it: numbers and ranges, separated by commas; a range may have a stride.
 *
 * @param text For example `1-3,6` or `0-6:2`.
 * @returns The cores in the order of the text, each once.
 * @throws {RangeError} If the text is empty, a range runs backwards, a number is too high, or anything else is in it.
 *
 * @example
 * ```ts
 * import { parseCoreList } from "./parse_core_list.ts";
 *
 * parseCoreList("1-3,6"); // [1, 2, 3, 6]
 * parseCoreList("0-6:2"); // [0, 2, 4, 6]
 * ```
 */
export function parseCoreList(text: string): number[] {
  const cores = new Set<number>();
  for (const item of text.split(",")) {
    const match = /^\s*(\d+)(?:-(\d+)(?::(\d+))?)?\s*$/.exec(item);
    if (match === null) throw outOfRange("numbers and ranges such as 1-3,6", text);
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    const stride = Number(match[3] ?? 1);
    if (last < first) throw outOfRange("ranges from low to high", text);
    if (last > MAX_CORE) throw outOfRange(`numbers from 0 to ${MAX_CORE}`, text);
    if (stride < 1) throw outOfRange("ranges with a stride of at least 1", text);
    for (let core = first; core <= last; core += stride) cores.add(core);
  }
  return [...cores];
}

function outOfRange(rule: string, text: string): RangeError {
  return new RangeError(`Cannot read the list of cores as it must hold ${rule}: current value is "${text}"`);
}
