/**
 * One claim of one file, for every protocol: find the driver, make the attempt, and say what becomes of the task. Swap a
 * driver to add a protocol; nothing here changes.
 *
 * @module
 */
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import { taskRetryAt, type TaskRetryPolicy } from "../queue/task_retry.ts";
import { Attempt } from "./attempt.ts";
import type { DownloadDriver } from "./download_driver.ts";
import { DownloadError, StoppedError } from "./download_error.ts";
import type { FinalNames } from "./final_names.ts";
import type { Manifest } from "./manifest.ts";
import type { SmallFiles } from "./small_files.ts";
import { outProblem } from "./task_names.ts";
import type { Watchdog } from "./watchdog.ts";

/** What all downloads of a worker share. */
export interface DownloadContext {
  /** The download folder, resolved by the system. */
  root: string;
  /** Who writes: lowercase letters, digits and dashes, and nobody else's name. */
  writer: string;
  /** The drivers. */
  drivers: readonly DownloadDriver[];
  /** True if nothing was in the download folder when this process began: no file needs to be looked for. */
  fresh: boolean;
  /** The journal of finished files. */
  manifest: Manifest;
  /** Gives finished files their names. */
  names: FinalNames;
  /** Stores the small ones. */
  smallFiles: SmallFiles;
  /** Watches for silence. */
  watchdog: Watchdog;
  /** Further attempts, and the wait before them. */
  retry: TaskRetryPolicy;
  /** How many redirects to follow. */
  maxRedirects: number;
  /** This boot of the machine; empty if it is not known. */
  bootId: string;
  /** Which types of files are fine, as `--expect-type` says it; absent: all. */
  expectType?: string;
  /** Told that a host wants to be left alone until a time. */
  coolHost: (host: string, until: number) => void;
  /** Told of bytes as they come. */
  onBytes: (count: number) => void;
}

/** The task as the core needs it. */
export type DownloadTask = Pick<
  ClaimedTask,
  "id" | "url" | "out" | "headers" | "checksum" | "size" | "attempts" | "core" | "fence"
>;

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
    const retryAt = taskRetryAt(
      { retryable: failure.retryable, attempts: task.attempts + 1, retryAt: failure.retryAt },
      context.retry,
      now,
    );
    const taskError = failure.toTaskError(now);
    if (failure.cools && failure.host !== undefined) {
      context.coolHost(failure.host, coolUntil(failure, task.attempts + 1, context.retry, now));
    }
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
