import { assertEquals } from "@std/assert";
import { lineOffset } from "../../queue/line_offset.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("lineOffset finds where lines begin, whatever ends them and wherever a read ends", async () => {
  await using home = await TempDir.create();
  // The second line ends with the last byte of a read, or one byte before or behind it.
  for (const length of [256 * 1024 - 5, 256 * 1024 - 4, 256 * 1024 - 3, 256 * 1024 - 2, 10]) {
    for (const end of ["\n", "\r\n", "\r"]) {
      const lines = ["a", "b".repeat(length), "", "c"];
      const path = await home.write("lines", lines.map((line) => line + end).join("") + "d");
      using file = await Deno.open(path);
      let offset = 0;
      for (const [i, line] of [...lines, "d"].entries()) {
        assertEquals(
          await lineOffset(file, { line: 1, offset: 0 }, i + 1, false),
          offset,
          `${i} ${JSON.stringify(end)}`,
        );
        offset += line.length + end.length;
      }
      const from = { line: 2, offset: 1 + end.length };
      assertEquals(await lineOffset(file, from, 3, false), from.offset + length + end.length);
      assertEquals(await lineOffset(file, from, 6, false), undefined);
      if (end === "\r") assertEquals(await lineOffset(file, { line: 1, offset: 0 }, 2, true), undefined);
    }
  }
});
