import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/parse_command.ts";
import { foreignWord, usageHint } from "../../cli/usage_hint.ts";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";
import { readDocument, tables } from "../docs/markdown.ts";

const FLAGS = CFG_FIELDS.map(({ flag }) => `--${flag}`);
const LETTERS = CFG_FIELDS.flatMap(({ short, otherShort }) => [short, otherShort]).map((letter) => `-${letter}`);

Deno.test("usageHint looks among the options of the command first, then among all", () => {
  const known = [["--dir", "--retries"], FLAGS];
  assertEquals(usageHint({ word: "--retrys", known }), "did you mean --retries?");
  assertEquals(usageHint({ word: "--cokies", known }), "did you mean --cookies?");
  assertEquals(usageHint({ word: "-zc", also: ["-c"], known }), foreignWord("-c"));
  assertEquals(usageHint({ word: "--spider", known }), undefined);
});

Deno.test("usageHint has an answer for every option of aria2, wget and curl that the documentation names", async () => {
  const words = tables(await readDocument("docs/from-other-tools.md"))
    .filter(([header]) => ["aria2", "wget", "curl"].includes(header![0]!))
    .flatMap((table) => table.slice(1).map(([theirs]) => theirs!))
    .flatMap((theirs) => [...theirs.matchAll(/(?<![\w-])--?[a-zA-Z][\w-]*/g)].map(([flag]) => flag))
    .filter((flag) => !FLAGS.includes(flag) && !LETTERS.includes(flag));
  assert(words.length > 50);
  const unanswered = words.filter((word) => usageHint({ word, known: [FLAGS] }) === undefined);
  assertEquals(unanswered, []);
});

Deno.test("foreignWord names only options and commands that there are, and none that is one", () => {
  for (const word of [...FLAGS, ...LETTERS, ...Object.keys(COMMANDS)]) assertEquals(foreignWord(word), undefined, word);
});
