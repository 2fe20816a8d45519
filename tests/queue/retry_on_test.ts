import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isRetryableStatus } from "../../download/download_error.ts";
import { retryOn } from "../../queue/retry_on.ts";

const ALL = Array.from({ length: 1000 }, (_, status) => status);

/** Every status of a list, as ranges. */
const LISTS: [text: string, ranges: [first: number, last: number][]][] = [
  ["429", [[429, 429]]],
  ["400,599", [[400, 400], [599, 599]]],
  ["500-504", [[500, 504]]],
  ["503-503", [[503, 503]]],
  ["498-501", [[498, 501]]],
  ["4xx", [[400, 499]]],
  ["5xx", [[500, 599]]],
  ["5XX", [[500, 599]]],
  ["503,5xx,503", [[500, 599]]],
  [" 408 , 500-502 ", [[408, 408], [500, 502]]],
];

for (const [text, ranges] of LISTS) {
  Deno.test(`retryOn reads "${text}"`, () => {
    const matches = retryOn(text);
    assertEquals(ALL.filter(matches), ALL.filter((status) => ranges.some(([a, b]) => status >= a && status <= b)));
  });
}

Deno.test("retryOn matches by default what errors of a download take for curable", () => {
  assertEquals(ALL.filter(retryOn()), ALL.filter(isRetryableStatus));
});

const SYNTAX = "a status such as 429, a range such as 500-504, 4xx or 5xx";
const REFUSED: [text: string, part: string, rule: string][] = [
  ["", "", SYNTAX],
  ["429,", "", SYNTAX],
  ["429,,500", "", SYNTAX],
  ["408,6xx", "6xx", SYNTAX],
  ["3xx", "3xx", SYNTAX],
  ["50x", "50x", SYNTAX],
  ["5xx-5xx", "5xx-5xx", SYNTAX],
  ["500 - 504", "500 - 504", SYNTAX],
  ["5e2", "5e2", SYNTAX],
  ["-500", "-500", SYNTAX],
  ["+500", "+500", SYNTAX],
  ["0500", "0500", SYNTAX],
  ["429;500", "429;500", SYNTAX],
  ["200", "200", "from 400 to 599"],
  ["500,399", "399", "from 400 to 599"],
  ["600", "600", "from 400 to 599"],
  ["399-404", "399-404", "from 400 to 599"],
  ["598-600", "598-600", "from 400 to 599"],
  ["504-500", "504-500", "a range from low to high"],
];

for (const [text, part, rule] of REFUSED) {
  Deno.test(`retryOn refuses "${text}" and names "${part}"`, () => {
    const error = assertThrows(() => retryOn(text), RangeError);
    assertEquals(error.message, `Cannot retry on "${part}" as it must be ${rule}: current value is "${text}"`);
  });
}

Deno.test("retryOn matches exactly what any list names", () => {
  const status = fc.integer({ min: 400, max: 599 });
  const range = fc.tuple(status, status).map(([a, b]): [number, number] => a < b ? [a, b] : [b, a]);
  const list = fc.array(range, { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(list, (ranges) => {
    const matches = retryOn(ranges.map(([a, b]) => a === b ? `${a}` : `${a}-${b}`).join(","));
    assert(ALL.every((code) => matches(code) === ranges.some(([a, b]) => code >= a && code <= b)));
  }));
});
