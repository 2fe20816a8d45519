import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { taskDraft } from "../../download/task_draft.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { readDocument } from "./markdown.ts";

Deno.test("code_tasks.json is a task file: three urls of https, each with a name of its own", async () => {
  const value = JSON.parse(await readDocument("code_tasks.json"));
  z.fromJSONSchema(JSON.parse(await readDocument("docs/code_tasks.schema.json"))).parse(value);
  assertEquals(value.length, 3);
  const outs = new Set<string>();
  for (const item of value) {
    assertEquals(Object.keys(item), ["url"]);
    const checked = checkTaskEntry(item);
    assert(checked.type === "entry", JSON.stringify(checked));
    assertEquals(new URL(checked.entry.url).protocol, "https:");
    const result = taskDraft(checked.entry);
    assert(result.type === "draft");
    outs.add(result.draft.out);
  }
  assertEquals(outs.size, 3);
});
