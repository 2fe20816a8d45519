import { builtinModule } from "../base/builtin_module.ts";
import { pathBelow } from "../download/path_below.ts";
import type { Task } from "../queue/task_model.ts";
import type { ListRequest, TaskPage } from "../queue/task_shared_list.ts";

const PAGE = 500;

/**
 * Finds tasks that are done and whose file is not there any more.
 *
 * @param list Anything that shows tasks page by page: a list, or a downloader.
 * @param directory The download folder.
 * @returns The tasks, in the order of the list.
 *
 * @example
 * ```ts ignore
 * for await (const { id } of findMissing(downloader, "photos")) console.log(id);
 * ```
 */
export async function* findMissing(
  list: { list(request: ListRequest): Promise<TaskPage> },
  directory: string,
): AsyncGenerator<Task, void, void> {
  const { existsSync } = builtinModule("node:fs");
  let cursor: string | undefined;
  do {
    const page = await list.list({ status: "done", limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const task of page.tasks) if (!existsSync(pathBelow(directory, task.out))) yield task;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
