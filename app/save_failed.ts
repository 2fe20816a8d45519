import { dirname } from "@std/path";
import { type Task, taskAssignedNumber } from "../queue/task_model.ts";
import { copyKept, type KeptField, type NoField, type TaskEntry } from "../queue/task_request.ts";
import type { ListRequest, TaskPage } from "../queue/task_shared_list.ts";

const PAGE = 500;

/**
 * Writes the tasks that failed as a task file, with all that they were asked for with. The file is replaced in one step; as
 * it may hold credentials, nobody but its owner can read it. If nothing failed, it holds an empty list.
 *
 * @param list Anything that shows tasks page by page: a list, or a downloader.
 * @param path The file.
 * @returns How many tasks it holds.
 *
 * @example
 * ```ts ignore
 * await saveFailed(downloader, "failed.json");
 * ```
 */
export async function saveFailed(
  list: { list(request: ListRequest): Promise<TaskPage> },
  path: string,
): Promise<number> {
  const name = await Deno.makeTempFile({ dir: dirname(path), prefix: ".corehaul-", suffix: ".json" });
  let count = 0;
  try {
    {
      using file = await Deno.open(name, { write: true });
      const encoder = new TextEncoder();
      const write = async (text: string) => {
        const bytes = encoder.encode(text);
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      };
      let cursor: string | undefined;
      do {
        const page = await list.list({ status: "failed", limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
        for (const task of page.tasks) await write(`${count++ === 0 ? "[" : ","}\n${JSON.stringify(entryOf(task))}`);
        cursor = page.cursor;
      } while (cursor !== undefined);
      await write(count === 0 ? "[]\n" : "\n]\n");
      await file.sync();
    }
    await Deno.rename(name, path);
  } catch (error) {
    await Deno.remove(name).catch(() => {});
    throw error;
  }
  return count;
}

/** What is treated here beside what is kept. The url has the account, and a time before which nothing was to begin is over. */
type Treated = "url" | "id" | "out" | "priority" | "user" | "password" | "notBefore";
type _NoFieldIsLost = NoField<Exclude<keyof TaskEntry, KeptField | Treated>>;

/** What a task was asked for with. */
function entryOf(task: Task): TaskEntry {
  const { id, seq, url, out, named, firstOut, priority } = task;
  const entry: TaskEntry = { url };
  if (taskAssignedNumber(id) !== seq) entry.id = id;
  // A name that an answer gave may be another one next time.
  if (named === true && firstOut === undefined) entry.out = out;
  if (priority !== 0) entry.priority = priority;
  copyKept(task, entry);
  return entry;
}
