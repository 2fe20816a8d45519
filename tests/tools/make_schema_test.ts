import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { z } from "zod";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { SCHEMA_FILE, schemaIsFresh, schemaText } from "../../tools/make_schema.ts";

const TOOL = fromFileUrl(import.meta.resolve("../../tools/make_schema.ts"));
const CONFIG = fromFileUrl(import.meta.resolve("../../deno.json"));

async function makeSchema(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, TOOL, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("schemaIsFresh says that the file in docs is up to date", async () => {
  assert(await schemaIsFresh(fromFileUrl(SCHEMA_FILE)), "run deno task schema");
});

Deno.test("schemaText describes what checkTaskEntry takes", () => {
  const schema = z.fromJSONSchema(JSON.parse(schemaText()));
  const cases: [unknown, boolean][] = [
    ["http://h/a", true],
    [{ url: "http://h/a" }, true],
    [{ url: "http://h/a", id: "7", out: "a/b", priority: -3, headers: { "X-A": "b" } }, true],
    ["no url", false],
    [{}, false],
    [{ url: 5 }, false],
    [{ url: "http://h/", id: "t17" }, true],
    [{ url: "http://h/", id: "x".repeat(201) }, false],
    [{ url: "http://h/", id: "" }, false],
    [{ url: "http://h/", out: "" }, false],
    [{ url: "http://h/", priority: 1.5 }, false],
    [{ url: "http://h/", headers: { "x y": "1" } }, false],
    [{ url: "http://h/", headers: { x: "a\r\nb" } }, false],
    [{ url: "http://h/", mirror: "http://i/" }, false],
    [7, false],
  ];
  for (const [entry, ok] of cases) {
    const text = JSON.stringify(entry);
    assertEquals(schema.safeParse([entry]).success, ok, `the JSON Schema, of ${text}`);
    assertEquals(checkTaskEntry(entry).type === "entry", ok, `checkTaskEntry, of ${text}`);
  }
});

Deno.test("make_schema writes the file, and with --check only compares it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "schema.json");
    const missing = await makeSchema("--check", "--file", file);
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.stderr, "run deno task schema");
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 0);

    assertEquals((await makeSchema("--file", file)).code, 0);
    assertEquals(await Deno.readTextFile(file), schemaText());
    assertEquals((await makeSchema("--check", "--file", file)).code, 0);

    await Deno.writeTextFile(file, schemaText().replace("url", "uri"));
    assertEquals((await makeSchema("--check", "--file", file)).code, 1);

    const unknown = await makeSchema("--chek");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "current value is --chek");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
