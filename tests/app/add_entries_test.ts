import { assertEquals } from "@std/assert";
import { addEntries } from "../../app/add_entries.ts";
import { openTaskList } from "../../app/open_task_list.ts";

Deno.test("addEntries takes one url in two spellings for one task, and knows it again", async () => {
  await using list = await openTaskList("kv::memory:");
  const spellings = ["http://h.example/a", " http://h.example/a", "http://h.example/a\n", "\thttp://h.example/a\r\n"];
  const entries = spellings.flatMap((url) => [url, { url, priority: 0 }]);
  const results = await addEntries(list, entries);
  assertEquals(results.map(({ type }) => type), ["added", ...Array(entries.length - 1).fill("duplicate")]);
  assertEquals((await list.counts()).waiting, 1);
  const [task] = (await list.list({})).tasks;
  assertEquals(task?.url, "http://h.example/a");
});
