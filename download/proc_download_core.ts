/**
 * One claim of one file, for every protocol: find the driver, make the attempt, try the mirrors, and say what becomes of
 * the task. Swap a driver to add a protocol; nothing here changes.
 *
 * @module
 */
import { fileExists } from "../base/file_exists.ts";
import { redactUrl } from "../base/redact_url.ts";
import type { TaskDoneFacts, TaskErrorKind, TaskOutcome } from "../queue/task_model.ts";
import { taskRetryAt } from "../queue/task_retry.ts";
import { Attempt } from "./attempt.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { IntegrityError } from "./expectations.ts";
import { HostBusyError, type HostPlace } from "./host_visits.ts";
import { expiredStatus, type RenewLink } from "./expired_link.ts";
import { type DownloadDriver, MovedError } from "./download_driver.ts";
import { DownloadError, StoppedError, withNote } from "./download_error.ts";
import { UnchangedError } from "./old_file.ts";
import { PartFile } from "./part_file.ts";
import { pathBelow } from "./path_below.ts";
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
  "auth",
  "not-found",
  "unsupported",
]);

interface Failure {
  error: DownloadError;
  retryable: boolean;
  /** Before this time the host wants no request, and that is too long to wait for. */
  notBefore?: number;
}

/** How long to wait before looking whether a full disk has space again. */
const DISK_FULL_MS = 3000;

/**
 * Fetches one file.
 *
 * @param task The claimed task.
 * @param context What the downloads of this worker share.
 * @param place Where it has a place already; it names another host when the download has moved. Default: nowhere.
 * @returns How the claim ended; nothing that can happen to a download is thrown.
 */
export async function procDownloadCore(
  task: DownloadTask,
  context: DownloadContext,
  place: HostPlace = { host: "" },
): Promise<TaskOutcome> {
  const startedAt = Date.now();
  const { url, mirrors } = task;
  // This one, another worker or another process may have left something of it.
  if (task.attempts > 0 || task.begun === true || task.facts !== undefined) context.fresh = false;
  const sources = mirrors === undefined ? [url] : sourcesOf(task, context, startedAt);
  const failures: Failure[] = [];
  const renewal: Renewal = { asked: false };
  /** The first that brought wrong bytes. */
  let mismatched: string | undefined;
  /** Where a redirect has led, to another protocol. */
  let moved: Moved | undefined;
  let busyUntil = Infinity;
  for (let source = sources.shift(); source !== undefined; source = sources.shift()) {
    // Once more it is asked only when no other source is left, not even one that may only not be asked now.
    if (source === mismatched && busyUntil < Infinity) break;
    let attempt: Attempt | undefined;
    try {
      checkName(task.out);
      // Nearly always no host is to be looked up.
      const watched = context.hosts?.watching ? place : undefined;
      const fetchFrom = (url: string, identity: string) => {
        const from = moved?.url ?? url;
        const driver = moved?.driver ?? findDriver(from, context.drivers);
        const movedFrom = moved === undefined ? undefined : url;
        attempt = new Attempt({ task, source: from, context, driver, startedAt, identity, movedFrom, place: watched });
        return attempt.run();
      };
      const facts = await (context.renewLink === undefined || source !== url
        ? fetchFrom(source, source)
        : renewing(fetchFrom, task, context.renewLink, renewal));
      if (mirrors !== undefined) {
        context.mirrors.worked(source);
      }
      const { originalName, sentAs, continuedAt } = attempt as Attempt | undefined ?? {};
      return {
        type: "done",
        startedAt,
        facts,
        ...(originalName === undefined ? {} : { originalName }),
        ...(sentAs === undefined ? {} : { contentEncoding: sentAs }),
        ...(continuedAt === undefined ? {} : { continuedAt }),
      };
    } catch (error) {
      moved = moved === undefined && error instanceof MovedError ? whereMoved(error, context.drivers) : undefined;
      if (moved !== undefined) {
        sources.unshift(source);
        continue;
      }
      if (error instanceof UnchangedError) return { type: "done", startedAt, facts: error.facts, unchanged: true };
      if (error instanceof StoppedError) return { type: "released", begun: true };
      if (error instanceof HostBusyError) {
        if (error.cooling && isTooLong(error.until, context)) {
          failures.push(tooLong(error, error.until));
          continue;
        }
        busyUntil = Math.min(busyUntil, error.until);
        continue;
      }
      // Something may be left of it now.
      context.fresh = false;
      const failure = judge(error, task, context);
      failures.push(failure);
      if (!ELSEWHERE.has(failure.error.kind)) break;
      if (mirrors !== undefined) context.mirrors.failed(source, Date.now());
      // What a source has brought is worth more than what a mirror would have to begin: the next attempt goes on with it.
      if (mirrors !== undefined && attempt?.hasGrown === true && mayGoOn(failure, source, task, context)) break;
      // The first that brought the wrong bytes is asked for them once more, from zero, at the end.
      if (error instanceof IntegrityError && mismatched === undefined) sources.push(mismatched = source);
    }
  }
  return endOf(failures, busyUntil, task, context, startedAt);
}

/** The order in which to try the sources: first whoever has brought a part of the file, then who has not failed lately. */
function sourcesOf({ url, mirrors = [], out }: DownloadTask, context: DownloadContext, now: number): string[] {
  const ordered = context.mirrors.order([url, ...mirrors], now);
  const left = context.fresh ? undefined : PartFile.urlLeft(context.root, out);
  const first = ordered.findIndex((source) => redactUrl(source) === left);
  if (first > 0) ordered.unshift(...ordered.splice(first, 1));
  return ordered;
}

/** True if there is to be another attempt, which can go on with what a source left. */
function mayGoOn(
  { retryable }: Failure,
  source: string,
  { attempts, out }: DownloadTask,
  { retry, root }: DownloadContext,
): boolean {
  return retryable && attempts < retry.retries && PartFile.urlLeft(root, out) === redactUrl(source);
}

function checkName(out: string): void {
  const problem = outProblem(out);
  if (problem !== undefined) throw new DownloadError("name", `Cannot store "${out}" as its name ${problem}`);
}

/**
 * Fetches the file of a task from its own link, and from a new one if that has expired: asked for once, for all that is tried
 * now. Mirrors are links that do not expire.
 */
async function renewing(
  fetchFrom: (url: string, identity: string) => Promise<TaskDoneFacts>,
  { url, id, out, attempts }: DownloadTask,
  renewLink: RenewLink,
  renewal: Renewal,
): Promise<TaskDoneFacts> {
  if (renewal.url !== undefined) return await fetchFrom(renewal.url, url);
  try {
    return await fetchFrom(url, url);
  } catch (error) {
    const status = expiredStatus(error);
    if (status === undefined || renewal.asked) throw error;
    renewal.asked = true;
    const answer = await renewLink({ url, id, out, attempt: attempts + 1, status });
    if (answer.type === "problem") throw withNote(error as DownloadError, answer.message);
    return await fetchFrom(renewal.url = answer.url, url);
  }
}

/** What became of the link of a task in one attempt. */
interface Renewal {
  /** A new one was asked for. */
  asked: boolean;
  /** The new one. */
  url?: string;
}

/** Sees in a failure whether time may cure it, and leaves its host alone if that is what it asks for. */
function judge(error: unknown, task: DownloadTask, context: DownloadContext): Failure {
  const failure = error instanceof DownloadError
    ? error
    : new DownloadError("internal", error instanceof Error ? error.message : String(error), { cause: error });
  if (failure.cools && failure.host !== undefined) {
    context.coolHost(failure.host, coolUntil(failure.retryAt, task.attempts + 1, context, Date.now()));
  }
  const { kind, status, retryAt, byStatus } = failure;
  if (retryAt !== undefined && status !== undefined && isTooLong(retryAt, context)) return tooLong(failure, retryAt);
  const retryable = kind === "http" && status !== undefined && byStatus ? context.retryOn(status) : failure.retryable;
  return { error: failure, retryable };
}

function isTooLong(retryAt: number, { maxHostWaitMs }: DownloadContext): boolean {
  return retryAt - Date.now() > maxHostWaitMs;
}

/** Another attempt would come too early, whoever makes it. */
function tooLong(error: DownloadError, notBefore: number): Failure {
  const note = `not to be asked before ${new Date(notBefore).toISOString()}, longer than --max-host-wait`;
  const noted = error instanceof HostBusyError
    ? new DownloadError("http", `${error.host}: ${note}`, { host: error.host!, retryAt: notBefore })
    : withNote(error, note);
  return { error: noted, retryable: false, notBefore };
}

/** What becomes of the task; `busyUntil` is when a source may be asked that was passed over, if there is one. */
function endOf(
  failures: readonly Failure[],
  busyUntil: number,
  task: DownloadTask,
  context: DownloadContext,
  startedAt: number,
): TaskOutcome {
  // One that time may cure decides; otherwise the first, which is nearest to what the user asked for.
  // Where there is no space, no other source would have helped.
  const decisive = failures.find(({ error }) => error.full) ?? failures.find(({ retryable }) => retryable) ??
    failures.find(({ notBefore }) => notBefore !== undefined) ?? failures[0];
  // Nobody was asked: that is no attempt.
  if (decisive === undefined) return { type: "deferred", notBefore: busyUntil };
  const { error, notBefore: tooLate } = decisive;
  // One that is asked for too long does not keep the others waiting.
  const asked = tooLate === undefined ? error.retryAt : undefined;
  const passedOver = busyUntil < Infinity && ELSEWHERE.has(error.kind);
  const retryable = decisive.retryable || passedOver;
  const now = Date.now();
  const attempts = task.attempts + 1;
  const retryAt = taskRetryAt(
    { retryable, attempts, retryAt: asked ?? (passedOver ? busyUntil : undefined) },
    context.retry,
    now,
  );
  const taskError = { ...error.toTaskError(now), retryable };
  // Whoever asks again for what is done wants to know that it is not lost.
  if (context.refresh && fileExists(pathBelow(context.root, task.out))) {
    taskError.message += "; the file that is there stays";
  }
  // The disk is nobody's fault: the task waits until there is space again, however often it has to look.
  if (error.full) return { type: "deferred", notBefore: now + DISK_FULL_MS, error: taskError };
  // Nor has a task failed for good while there is a source that only could not be asked.
  if (retryAt === undefined && passedOver) {
    // Those that were asked are not asked again sooner for that.
    const notBefore = Math.max(busyUntil, coolUntil(asked, attempts, context, now));
    return { type: "deferred", notBefore, error: taskError };
  }
  if (retryAt === undefined && tooLate !== undefined) {
    return { type: "failed", startedAt, error: { ...taskError, retryable: true, retryAt: tooLate } };
  }
  return retryAt === undefined
    ? { type: "failed", startedAt, error: taskError }
    : { type: "retry", startedAt, error: taskError, notBefore: retryAt };
}

/** How long a host is left alone: as long as it asked for, or as a task would wait that had failed that often. */
function coolUntil(
  retryAt: number | undefined,
  attempts: number,
  { retry, maxHostWaitMs }: DownloadContext,
  now: number,
): number {
  const backoff = taskRetryAt({ retryable: true, attempts }, { ...retry, retries: Infinity }, now, 1) ?? now;
  // What is longer than the user allows, the host asked for.
  return Math.max(Math.min(backoff, now + maxHostWaitMs), retryAt ?? 0);
}

function driverOf(url: string, drivers: readonly DownloadDriver[]): DownloadDriver | undefined {
  const scheme = schemeOf(url);
  return drivers.find((candidate) => candidate.schemes.includes(scheme));
}

function findDriver(url: string, drivers: readonly DownloadDriver[]): DownloadDriver {
  const driver = driverOf(url, drivers);
  if (driver !== undefined) return driver;
  const scheme = schemeOf(url);
  const supported = drivers.flatMap((candidate) => candidate.schemes).join(" ");
  throw new DownloadError("unsupported", `Cannot fetch "${scheme}" urls as the scheme must be one of ${supported}`);
}

/** Where a redirect has led. */
interface Moved {
  url: string;
  driver: DownloadDriver;
}

/** Who follows a redirect to another protocol; undefined if nobody does. */
function whereMoved({ url }: MovedError, drivers: readonly DownloadDriver[]): Moved | undefined {
  const driver = driverOf(url, drivers);
  return driver?.anonymous === true ? { url, driver } : undefined;
}

function schemeOf(url: string): string {
  // Nearly all urls begin so, and parsing one costs more than anything else here.
  if (url.startsWith("http://")) return "http:";
  if (url.startsWith("https://")) return "https:";
  return URL.parse(url)?.protocol ?? "";
}
