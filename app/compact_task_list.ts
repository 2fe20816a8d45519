import { resolve } from "@std/path";
import { compactKv } from "../queue/kv_compact.ts";
import { isOnServer, openTaskList } from "./open_task_list.ts";

/**
 * Gives the room that a task list does not use any more back to the disk, unless somebody is working on it: then the
 * room stays for new tasks.
 *
 * @param address The address of the list, `kv:FILE`; it must not be open in this program. A server keeps its own house.
 * @returns How many bytes the file is smaller.
 * @throws {QueueUnavailableError} If there is no list.
 * @throws {Error} If there is no room to write it anew; it is as it was then.
 */
export async function compactTaskList(address: string): Promise<number> {
  const path = address.replace(/^kv:/, "");
  if (path === ":memory:" || isOnServer(address)) return 0;
  {
    await using list = await openTaskList(address, { create: false });
    if ((await list.owners()).some(({ alive }) => alive)) return 0;
  }
  return await compactKv(resolve(path));
}
