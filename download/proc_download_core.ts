/**
 * One claim of one file, for every protocol: find the driver, make the attempt, and say what becomes of the task. Swap a
 * driver to add a protocol; nothing here changes.
 *
 * @module
 */
import type { TaskOutcome } from "../queue/task_model.ts";
import { taskRetryAt, type TaskRetryPolicy } from "../queue/task_retry.ts";
import { Attempt } from "./attempt.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { DownloadDriver } from "./download_driver.ts";
import { DownloadError, StoppedError } from "./download_error.ts";
import { outProblem } from "./task_names.ts";

/** How long to wait before looking whether a full disk has space again. */
const DISK_FULL_MS = 3000;

/**
 * Fetches one file.
 *
 * @param task The claimed task.
 * @param context What the downloads of this worker share.
 * @returns How the claim ended; nothing that can happen to a download is thrown.
 */
export async function procDownloadCore(task: DownloadTask, context: DownloadContext): Promise<TaskOutcome> {
  const startedAt = Date.now();
  try {
    const driver = findDriver(task.url, context.drivers);
    const problem = outProblem(task.out);
    if (problem !== undefined) throw new DownloadError("name", `Cannot store "${task.out}" as its name ${problem}`);
    return { type: "done", startedAt, facts: await new Attempt(task, context, driver, startedAt).run() };
  } catch (error) {
    if (error instanceof StoppedError) return { type: "released" };
    const failure = error instanceof DownloadError
      ? error
      : new DownloadError("internal", error instanceof Error ? error.message : String(error), { cause: error });
    const now = Date.now();
    const { kind, status, retryAt: askedFor } = failure;
    const retryable = kind === "http" && status !== undefined ? context.retryOn(status) : failure.retryable;
    const retryAt = taskRetryAt({ retryable, attempts: task.attempts + 1, retryAt: askedFor }, context.retry, now);
    const taskError = { ...failure.toTaskError(now), retryable };
    if (failure.cools && failure.host !== undefined) {
      context.coolHost(failure.host, coolUntil(failure, task.attempts + 1, context.retry, now));
    }
    // The disk is nobody's fault: the task waits until there is space again, however often it has to look.
    if (failure.full) return { type: "deferred", notBefore: now + DISK_FULL_MS, error: taskError };
    return retryAt === undefined
      ? { type: "failed", startedAt, error: taskError }
      : { type: "retry", startedAt, error: taskError, notBefore: retryAt };
  }
}

/** How long a host is left alone: as long as it asked for, or as a task would wait that had failed that often. */
function coolUntil({ retryAt }: DownloadError, attempts: number, policy: TaskRetryPolicy, now: number): number {
  return taskRetryAt({ retryable: true, attempts, retryAt }, { ...policy, retries: Infinity }, now, 1) ?? now;
}

function findDriver(url: string, drivers: readonly DownloadDriver[]): DownloadDriver {
  const scheme = URL.parse(url)?.protocol ?? "";
  const driver = drivers.find((candidate) => candidate.schemes.includes(scheme));
  if (driver !== undefined) return driver;
  const supported = drivers.flatMap((candidate) => candidate.schemes).join(" ");
  throw new DownloadError("unsupported", `Cannot fetch "${scheme}" urls as the scheme must be one of ${supported}`);
}
