import { assertEquals, assertThrows } from "@std/assert";
import { parseCoreList } from "../../base/parse_core_list.ts";

const LISTS: [text: string, cores: number[]][] = [
  ["0", [0]],
  ["1-3,6", [1, 2, 3, 6]],
  ["6,1-3", [6, 1, 2, 3]],
  ["2-2", [2]],
  ["1,1,0-2", [1, 0, 2]],
  ["0-6:2", [0, 2, 4, 6]],
  ["0-5:3,9", [0, 3, 9]],
  [" 1, 2 ", [1, 2]],
  ["65535", [65_535]],
];

for (const [text, cores] of LISTS) {
  Deno.test(`parseCoreList reads "${text}"`, () => assertEquals(parseCoreList(text), cores));
}

for (
  const text of [
    "",
    " ",
    ",",
    "1,",
    ",1",
    "1,,2",
    "3-1",
    "-1",
    "1-",
    "1--2",
    "1.5",
    "a",
    "0x1",
    "1e2",
    "1 2",
    "1-2-3",
    "0-6:0",
    "4:2",
    "65536",
    "0-99999999999999999999",
  ]
) {
  Deno.test(`parseCoreList refuses "${text}"`, () => {
    assertThrows(() => parseCoreList(text), RangeError, `current value is "${text}"`);
  });
}
