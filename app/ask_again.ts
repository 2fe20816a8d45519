import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloaderNews } from "./downloader_event.ts";

/**
 * Lets the tasks wait again that were done before now, so that their files are asked for again.
 *
 * @param list The list.
 * @param stopped Ends it early; the tasks that it has not reached stay done.
 * @param news Told how many there are.
 */
export async function askAgain(
  list: TaskSharedList,
  stopped: Promise<unknown>,
  news: (news: DownloaderNews) => void,
): Promise<void> {
  const end = new AbortController();
  stopped.then(() => end.abort());
  const filter = { status: ["done"], finishedBefore: Date.now() } as const;
  const { touched } = await list.control({ verb: "retry", filter, signal: end.signal });
  if (touched > 0) news({ type: "tasks_asked_again", tasks: touched });
}
