import { assert } from "@std/assert";
import { readDocument, ROOT } from "./markdown.ts";

Deno.test("docs/guarantees.md names a test for each promise, and each of them is there", async () => {
  const rows = (await readDocument("docs/guarantees.md")).split("\n").filter((line) => line.startsWith("| "));
  const promises = rows.filter((line) => !/^\| (promise|---)/.test(line));
  assert(promises.length > 20);
  for (const row of promises) {
    const [, path, title] = /\| `(tests\/[a-z0-9_/]+\.ts)`: (.+) \|$/.exec(row) ?? [];
    assert(path !== undefined && title !== undefined, `no test in: ${row}`);
    const source = await Deno.readTextFile(new URL(path, ROOT));
    // In the name of a test, which begins on the same line; a comment does not count.
    const names = source.split("\n").flatMap((line) =>
      /^\s*\/[/*]|^\s*\*/.test(line) ? [] : line.match(/(["`]).*\1/g) ?? []
    );
    assert(names.some((name) => name.includes(title)), `${path} has no test "${title}"`);
  }
});
