import { assertEquals } from "@std/assert";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";
import { nearestWord } from "../../config/nearest_word.ts";

const FLAGS = CFG_FIELDS.map(({ flag }) => `--${flag}`);

Deno.test("nearestWord finds the word that was meant, and none for one that is far from all", () => {
  const cases: Record<string, string | undefined> = {
    "--retrys": "--retries",
    "--retires": "--retries",
    "--treshold": "--cpu-threshold",
    "--concurency": "--concurrency",
    "--directory": "--dir",
    "--segment": "--segments",
    "--DIR": "--dir",
    "--check-sum": "--checksum",
    "--spider": undefined,
    "--x": undefined,
  };
  for (const [word, meant] of Object.entries(cases)) assertEquals(nearestWord(word, FLAGS), meant, word);
  for (const flag of FLAGS.filter((each) => each.length > 5)) {
    assertEquals(nearestWord(flag.slice(0, 3) + flag.slice(4), FLAGS), flag);
  }
  assertEquals(nearestWord("statsu", ["run", "get", "list", "status", "doctor"]), "status");
  assertEquals(nearestWord("lst", ["run", "get", "list", "status", "doctor"]), "list");
  assertEquals(nearestWord("test", ["run", "get", "list", "status", "doctor"]), undefined);
  assertEquals(nearestWord("a", []), undefined);
});
