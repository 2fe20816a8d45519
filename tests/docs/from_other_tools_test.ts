import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/parse_command.ts";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";
import { TASK_FIELDS } from "../../queue/task_request.ts";
import { codeBlocks, headings, readDocument, tables } from "./markdown.ts";

const DOCUMENT = "docs/from-other-tools.md";
const FLAGS: ReadonlySet<string> = new Set(
  CFG_FIELDS.flatMap(({ flag, short, otherShort }) => [
    `--${flag}`,
    ...[short, otherShort].filter((letter) => letter !== undefined).map((letter) => `-${letter}`),
  ]),
);

/** The flags in a text of ours. */
function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([flag]) => flag);
}

Deno.test("docs/from-other-tools.md names tools, and only options and commands that there are", async () => {
  const text = await readDocument(DOCUMENT);
  const tools = ["aria2", "wget", "curl", "img2dataset", "rclone"];
  assertEquals(headings(text).slice(1), tools.map((tool) => `## ${tool}`));
  const all = tables(text);
  assertEquals(all.map(([header]) => header), tools.map((tool) => [tool, "here"]));
  const ours = [
    ...all.flatMap((table) => table.slice(1).map(([, here]) => here!)),
    ...codeBlocks(text).map((block) => block.text),
  ];
  for (const here of ours) {
    const unknown = flagsIn(here).filter((flag) => !FLAGS.has(flag));
    assertEquals(unknown, [], here);
    for (const [, command] of here.matchAll(/corehaul ([a-z]+)/g)) assert(Object.hasOwn(COMMANDS, command!), here);
    for (const [, field] of here.matchAll(/`(\w+)`(?: and `\w+`)? of an entry/g)) {
      assert((TASK_FIELDS as readonly string[]).includes(field!), here);
    }
  }
});
