import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { DriverResponse } from "./download_driver.ts";
import { learnedName } from "./learned_name.ts";
import { learnedPlaces } from "./learned_places.ts";
import type { Watched } from "./watchdog.ts";

/**
 * Takes the name that an answer gives the file of a task, if it is to be had: it is reserved on the list, and from then on
 * the task's for good.
 *
 * @param task The task, which changes.
 * @param source The url that was asked.
 * @param response The answer, of whose body nothing was written yet.
 * @param context What the downloads of this worker share.
 * @param watched The attempt.
 * @returns True if the path is another one than before.
 * @throws {StoppedError} If the claim is lost, which ends the attempt; if it is aborted, the reason for that.
 */
export async function learnName(
  task: DownloadTask,
  source: string,
  response: DriverResponse,
  context: DownloadContext,
  watched: Watched,
): Promise<boolean> {
  const name = learnedName(response, source, task);
  if (name === undefined) return false;
  const [place, other] = await learnedPlaces(name, task, context);
  if (place === task.out) return false;
  const out = await orAbort(context.rename(task, place, other), watched.signal).catch((error) => {
    watched.abort(error);
    throw error;
  });
  // The list may have taken its time, which is not the server's.
  watched.rest();
  if (out === task.out) return false;
  Object.assign(task, { out, named: true });
  return true;
}

/** What a promise gives, unless the attempt ends before. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
