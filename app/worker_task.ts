import { redactUrl } from "../base/redact_url.ts";
import type { ClaimedTask, TaskDoneFacts } from "../queue/task_model.ts";
import { copyKept } from "../queue/task_request.ts";
import type { WorkerTask } from "../workers/proc_messages.ts";

/** A claimed task as a worker gets it. */
export function workerTask(task: ClaimedTask): WorkerTask {
  const { id, seq, url, out, named, attempts, core, fence, bytes } = task;
  const given: WorkerTask = { id, seq, url, out, attempts, core, fence };
  if (task.crashes > 0) given.crashed = true;
  if (task.crashes > 0 || task.begun === true) given.begun = true;
  if (named !== undefined) given.named = named;
  if (task.error?.space !== undefined) given.space = task.error.space;
  copyKept(task, given);
  if (bytes !== undefined) given.facts = factsOf(task, bytes);
  return given;
}

/** What is known of the file of a task that was done before. */
function factsOf({ url, finalUrl = redactUrl(url), etag, lastModified }: ClaimedTask, bytes: number): TaskDoneFacts {
  return {
    bytes,
    finalUrl,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}
