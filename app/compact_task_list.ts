import { resolve } from "@std/path";
import { compactKv } from "../queue/kv_compact.ts";
import { isOnServer, openTaskList } from "./open_task_list.ts";

/** Why what was removed may still stand in the file of a list: a run works on it, or the file was busy or open elsewhere. */
export type RemainsReason = "run" | "busy";

/**
 * Gives the room that a task list does not use any more back to the disk, and takes what was removed out of the file. Where
 * somebody works on the list, the room stays for new tasks, and the file is written anew when the last run on it ends.
 *
 * @param address The address of the list, `kv:FILE`; it must not be open in this program. A server keeps its own house.
 * @param remain Told if what was removed still stands in the file. Default: nobody is.
 * @returns How many bytes the file is smaller.
 * @throws {QueueUnavailableError} If there is no list.
 * @throws {Error} If there is no room to write it anew; it is as it was then.
 */
export async function compactTaskList(address: string, remain?: (why: RemainsReason) => void): Promise<number> {
  const path = address.replace(/^kv:/, "");
  if (path === ":memory:" || isOnServer(address)) return 0;
  let mark: string | undefined;
  {
    await using list = await openTaskList(address, { create: false });
    mark = await list.remains?.();
    if ((await list.owners()).some(({ alive }) => alive)) {
      if (mark !== undefined) remain?.("run");
      return 0;
    }
  }
  const result = await compactKv(resolve(path), mark !== undefined);
  if (result.type === "done") {
    if (mark !== undefined) {
      await using list = await openTaskList(address, { create: false });
      await list.clearRemains?.(mark);
    }
    return result.freed;
  }
  if (mark !== undefined) remain?.("busy");
  return 0;
}
