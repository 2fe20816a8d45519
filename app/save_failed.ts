import type { Logger } from "../base/logger.ts";
import { type Task, taskAssignedNumber } from "../queue/task_model.ts";
import { copyKept, type KeptField, type NoField, type TaskEntry } from "../queue/task_request.ts";
import { OutputFile } from "./output_file.ts";
import type { ListRequest, TaskPage } from "../queue/task_shared_list.ts";

const PAGE = 500;

/** How {@linkcode saveFailed} works. */
export interface SaveFailedOptions {
  /** Told if others than the owner of the file can read it. Default: nobody is. */
  logger?: Logger;
}

/**
 * Writes the tasks that failed as a task file, with all that they were asked for with. If nothing failed, it holds an empty list.
 * As it may hold credentials, nobody but its owner can read a file that is new. A file that is there is replaced in one
 * step, and keeps its mode; of a link that is the file to which it leads. Devices and FIFOs are written into.
 *
 * @param list Anything that shows tasks page by page: a list, or a downloader.
 * @param path The file.
 * @param options Who is told what.
 * @returns How many tasks it holds.
 * @throws {Error} If it cannot be written, or a FIFO is not read within 10 s.
 *
 * @example
 * ```ts ignore
 * await saveFailed(downloader, "failed.json");
 * ```
 */
export async function saveFailed(
  list: { list(request: ListRequest): Promise<TaskPage> },
  path: string,
  { logger }: SaveFailedOptions = {},
): Promise<number> {
  await using file = await OutputFile.open(path, { mode: 0o600 });
  if (file.othersMayRead) {
    logger?.warn(`others can read "${path}", which may hold passwords: chmod 600 keeps it to you`);
  }
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await list.list({ status: "failed", limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const task of page.tasks) await file.write(`${count++ === 0 ? "[" : ","}\n${JSON.stringify(entryOf(task))}`);
    cursor = page.cursor;
  } while (cursor !== undefined);
  await file.write(count === 0 ? "[]\n" : "\n]\n");
  await file.finish();
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
