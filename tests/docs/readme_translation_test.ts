import { assertEquals } from "@std/assert";
import { codeBlocks, headings, linkTargets, readDocument, shellCommands, tables } from "./markdown.ts";

const [english, chinese] = await Promise.all([readDocument("README.md"), readDocument("README.zh-CN.md")]);

Deno.test("README.zh-CN.md has the headings of README.md", () => {
  const levels = (text: string) => headings(text).map((heading) => heading.replace(/ .*/, ""));
  assertEquals(levels(chinese), levels(english));
});

Deno.test("README.zh-CN.md has the commands and the code of README.md", () => {
  assertEquals(shellCommands(chinese), shellCommands(english));
  const code = (text: string) => codeBlocks(text).filter((block) => block.info !== "sh");
  assertEquals(code(chinese), code(english));
});

Deno.test("README.zh-CN.md has the tables and the links of README.md", () => {
  const shapes = (text: string) => tables(text).map((table) => table.map((row) => row.length));
  assertEquals(shapes(chinese), shapes(english));
  const links = (text: string) => linkTargets(text).filter((target) => !/^README(\.zh-CN)?\.md$/.test(target)).sort();
  assertEquals(links(chinese), links(english));
});
