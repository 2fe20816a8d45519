import { assertEquals } from "@std/assert";
import { addEntries } from "../../app/add_entries.ts";
import { checkTaskFile, type FileFinding, type FileSummary } from "../../app/check_task_file.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import type { TaskEntry } from "../../queue/task_request.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";

async function check(entries: unknown[], list: TaskSharedList): Promise<(FileFinding | FileSummary)[]> {
  return await Array.fromAsync(checkTaskFile(new Blob([JSON.stringify(entries)]).stream(), { list }));
}

Deno.test("checkTaskFile refuses the ids that the list would refuse, given or assigned", async () => {
  await using list = await openTaskList("kv::memory:");
  await addEntries(list, ["http://h.example/a", { url: "http://h.example/b", id: "mine" }]);
  const entries: TaskEntry[] = [
    { url: "http://h.example/c", id: "t1" },
    { url: "http://h.example/d", id: "mine" },
    { url: "http://h.example/e", id: "t2" },
    { url: "http://h.example/f", id: "t9" },
    { url: "http://h.example/g", id: "t9" },
    { url: "http://h.example/h" },
  ];
  const found = await check(entries, list);
  const refused = found.flatMap((finding) => finding.type === "refused" ? [[finding.index, finding.field]] : []);
  const results = await addEntries(list, entries);
  assertEquals(refused, results.flatMap((result, i) => result.type === "refused" ? [[i, result.field]] : []));
  assertEquals(refused.map(([index]) => index), [0, 1, 4]);
});

Deno.test("checkTaskFile counts under a host what would be taken for it, and nothing that is refused", async () => {
  await using list = await openTaskList("kv::memory:");
  await addEntries(list, [{ url: "http://known.example/a", id: "mine" }]);
  const found = await check([
    "http://known.example/a",
    "http://new.example/a.iso",
    "http://new.example/a.iso",
    "no url",
    { url: "http://refused.example/b", id: "mine" },
    { url: "http://refused.example/c", size: -1 },
    { url: "http://refused.example/d", out: "a.iso" },
  ], list);
  assertEquals(found.at(-1), {
    ...{ type: "summary", entries: 7, fresh: 1, known: 1, duplicates: 1, refused: 4, checksums: 0 },
    hosts: { "known.example": 1, "new.example": 2 },
  });
});

Deno.test("checkTaskFile names refused lines and ignored options of a list", async () => {
  const text = "http://h/a,\nhttp://h/b\n  split=4\n  out=../b\nhttp://h/c\n  split=5\n";
  const found = await Array.fromAsync(checkTaskFile(new Blob([text]).stream()));
  assertEquals(found.slice(0, -1), [
    { type: "refused", index: 0, line: 1, field: "line", message: "must not end in a comma" },
    {
      ...{ type: "refused", index: 1, line: 2, field: "out" },
      message: 'must not have empty, . or .. segments: current value is "../b"',
    },
    { type: "ignored", names: ["split"] },
  ]);
});
