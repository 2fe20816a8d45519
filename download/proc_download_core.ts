/**
 * One claim of one file, for every protocol: find the driver, make the attempt, try the mirrors, and say what becomes of
 * the task. Swap a driver to add a protocol; nothing here changes.
 *
 * @module
 */
import type { TaskErrorKind, TaskOutcome } from "../queue/task_model.ts";
import { taskRetryAt, type TaskRetryPolicy } from "../queue/task_retry.ts";
import { Attempt } from "./attempt.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { DownloadDriver } from "./download_driver.ts";
import { DownloadError, StoppedError } from "./download_error.ts";
import { outProblem } from "./task_names.ts";

/** Failures of one url that another one may not have. */
const ELSEWHERE: ReadonlySet<TaskErrorKind> = new Set([
  "http",
  "network",
  "timeout",
  "protocol",
  "redirect",
  "integrity",
  "security",
  "unsupported",
]);

interface Failure {
  error: DownloadError;
  retryable: boolean;
}

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
  const { url, mirrors } = task;
  // Another process left something in a folder that was empty when this one began.
  if (task.crashed === true) context.fresh = false;
  const sources = mirrors === undefined ? [url] : context.mirrors.order([url, ...mirrors], startedAt);
  const failures: Failure[] = [];
  for (const source of sources) {
    try {
      const driver = findDriver(source, context.drivers);
      checkName(task.out);
      const facts = await new Attempt(task, source, context, driver, startedAt).run();
      if (mirrors !== undefined) context.mirrors.worked(source);
      return { type: "done", startedAt, facts };
    } catch (error) {
      if (error instanceof StoppedError) return { type: "released" };
      // Something may be left of it now.
      context.fresh = false;
      const failure = judge(error, task, context);
      failures.push(failure);
      if (!ELSEWHERE.has(failure.error.kind)) break;
      if (mirrors !== undefined) context.mirrors.failed(source, Date.now());
    }
  }
  // One that time may cure decides; otherwise the first, which is nearest to what the user asked for.
  return endOf(failures.find(({ retryable }) => retryable) ?? failures[0]!, task, context, startedAt);
}

function checkName(out: string): void {
  const problem = outProblem(out);
  if (problem !== undefined) throw new DownloadError("name", `Cannot store "${out}" as its name ${problem}`);
}

/** Sees in a failure whether time may cure it, and leaves its host alone if that is what it asks for. */
function judge(error: unknown, task: DownloadTask, context: DownloadContext): Failure {
  const failure = error instanceof DownloadError
    ? error
    : new DownloadError("internal", error instanceof Error ? error.message : String(error), { cause: error });
  if (failure.cools && failure.host !== undefined) {
    context.coolHost(failure.host, coolUntil(failure, task.attempts + 1, context.retry, Date.now()));
  }
  const { kind, status } = failure;
  const retryable = kind === "http" && status !== undefined ? context.retryOn(status) : failure.retryable;
  return { error: failure, retryable };
}

function endOf(
  { error, retryable }: Failure,
  task: DownloadTask,
  context: DownloadContext,
  startedAt: number,
): TaskOutcome {
  const now = Date.now();
  const attempts = task.attempts + 1;
  const retryAt = taskRetryAt({ retryable, attempts, retryAt: error.retryAt }, context.retry, now);
  const taskError = { ...error.toTaskError(now), retryable };
  // The disk is nobody's fault: the task waits until there is space again, however often it has to look.
  if (error.full) return { type: "deferred", notBefore: now + DISK_FULL_MS, error: taskError };
  return retryAt === undefined
    ? { type: "failed", startedAt, error: taskError }
    : { type: "retry", startedAt, error: taskError, notBefore: retryAt };
}

/** How long a host is left alone: as long as it asked for, or as a task would wait that had failed that often. */
function coolUntil({ retryAt }: DownloadError, attempts: number, policy: TaskRetryPolicy, now: number): number {
  return taskRetryAt({ retryable: true, attempts, retryAt }, { ...policy, retries: Infinity }, now, 1) ?? now;
}

function findDriver(url: string, drivers: readonly DownloadDriver[]): DownloadDriver {
  const scheme = schemeOf(url);
  const driver = drivers.find((candidate) => candidate.schemes.includes(scheme));
  if (driver !== undefined) return driver;
  const supported = drivers.flatMap((candidate) => candidate.schemes).join(" ");
  throw new DownloadError("unsupported", `Cannot fetch "${scheme}" urls as the scheme must be one of ${supported}`);
}

function schemeOf(url: string): string {
  // Nearly all urls begin so, and parsing one costs more than anything else here.
  if (url.startsWith("http://")) return "http:";
  if (url.startsWith("https://")) return "https:";
  return URL.parse(url)?.protocol ?? "";
}
