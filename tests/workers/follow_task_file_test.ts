import { assertEquals } from "@std/assert";
import { FileChanges } from "../../workers/file_changes.ts";
import { followTaskFile } from "../../workers/follow_task_file.ts";
import type { FileNews } from "../../workers/proc_messages.ts";
import { TaskFileReader } from "../../workers/task_file_reader.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("followTaskFile says of a read whether the file changed meanwhile, and reads it again then", async () => {
  await using home = await TempDir.create();
  const file = await home.write("tasks.txt", "http://h/a\n");
  const news: FileNews[] = [];
  let sent = 0;
  await followTaskFile({
    reader: new TaskFileReader(file),
    changes: new FileChanges(file, () => 1),
    watch: true,
    expected: false,
    turn: (read) => read(),
    send: async ({ drafts }) => {
      sent += drafts.length;
      // As a writer that is not done yet.
      if (sent === 1) await Deno.writeTextFile(file, "http://h/b\n", { append: true });
    },
    post: async (each) => {
      news.push(each);
      if (news.length === 2) await Deno.remove(file);
    },
  });
  assertEquals(news.map((each) => each.type === "read" ? [each.entries, each.moved] : each.type), [
    [1, true],
    [2, false],
    "missing",
  ]);
});
