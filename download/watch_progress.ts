import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { PartFile } from "./part_file.ts";

const LOOK_MS = 100;

/**
 * Tells how much there is of the file of a task over which an owner has died: what was left at the beginning, and once when
 * there is more. Of all other tasks nobody wants to know.
 *
 * @param task The task.
 * @param context Who is told.
 * @param part Its unfinished file, once that is open.
 * @returns What ends it.
 */
export function watchProgress(
  task: DownloadTask,
  { reached }: Pick<DownloadContext, "reached">,
  part: () => PartFile | undefined,
): Disposable | undefined {
  if (task.crashed !== true || reached === undefined) return undefined;
  const left = part()?.continuable ?? 0;
  if (left > 0) reached(task, left);
  const timer = setInterval(() => {
    const now = part()?.continuable ?? 0;
    if (now <= left) return;
    clearInterval(timer);
    reached(task, now);
  }, LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
