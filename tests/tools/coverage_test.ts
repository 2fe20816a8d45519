import { assertEquals } from "@std/assert";
import { coverageTable, readLcov } from "../../tools/coverage.ts";

const LCOV = `SF:/root/queue/a.ts
DA:1,4
DA:2,0
LH:1
LF:2
BRF:4
BRH:1
end_of_record
SF:/root/queue/b.ts
LH:3
LF:6
BRF:0
BRH:0
end_of_record
SF:/root/tests/queue/a_test.ts
LH:9
LF:9
end_of_record
`;

Deno.test("readLcov reads the sums of each file", () => {
  assertEquals(readLcov(LCOV, "/root")[0], {
    path: "queue/a.ts",
    lines: { found: 2, hit: 1 },
    branches: { found: 4, hit: 1 },
  });
  assertEquals(readLcov(LCOV, "/root").length, 3);
});

Deno.test("coverageTable adds the files of a room up, leaves tests out, and names the darkest files first", () => {
  const lines = coverageTable(readLcov(LCOV, "/root"));
  const row = (room: string) => lines.find((line) => line.startsWith(`${room} `))!.split(/ {2,}/);
  assertEquals(row("queue"), ["queue", "2", "4/8 50.0 %", "1/4 25.0 %"]);
  assertEquals(row("all"), ["all", "2", "4/8 50.0 %", "1/4 25.0 %"]);
  assertEquals(row("ffi"), ["ffi", "0", "-", "-"]);
  assertEquals(lines.slice(-2), ["     3  queue/b.ts", "     1  queue/a.ts"]);
});
