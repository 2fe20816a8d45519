import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { StartHold } from "./start_hold.ts";

/** What is on the list may have vanished from its file since: nothing of it starts before the files were read. */
export async function holdUntilRead(
  list: Pick<TaskSharedList, "counts">,
  firstRead: Promise<void>,
  hold: StartHold,
): Promise<void> {
  const { waiting } = await list.counts();
  if (waiting === 0) return;
  hold.set("sync", true);
  void firstRead.then(() => hold.set("sync", false));
}
