import type { Logger } from "../base/logger.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import { compactTaskList } from "./compact_task_list.ts";
import { isOnServer } from "./open_task_list.ts";

/**
 * Closes the list of a run. What was removed meanwhile goes out of its file then, unless another run works on it, which does so
 * at its own end.
 *
 * @param list The list.
 * @param address Its address.
 * @param logger Told what stands in the way. Default: nobody is.
 */
export async function closeTaskList(list: TaskSharedList, address: string, logger?: Logger): Promise<void> {
  // Whatever is wrong with the list was told when the run ended.
  const mark = isOnServer(address) ? undefined : await list.remains?.().catch(() => undefined);
  await list[Symbol.asyncDispose]();
  if (mark === undefined) return;
  try {
    await compactTaskList(address);
  } catch (error) {
    logger?.warn(
      `what was removed may still stand in the file of the list: ${error instanceof Error ? error.message : error}`,
    );
  }
}
