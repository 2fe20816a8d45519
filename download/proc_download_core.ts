/**
 * One claim of one file, for every protocol: find the driver, make the attempt, try the mirrors, and say what becomes of
 * the task. Swap a driver to add a protocol; nothing here changes.
 *
 * @module
 */
import { fileExists } from "../base/file_exists.ts";
import { redactUrl } from "../base/redact_url.ts";
import {
  type SpaceWish,
  type TaskDoneFacts,
  type TaskError,
  type TaskErrorKind,
  taskHost,
  type TaskOutcome,
} from "../queue/task_model.ts";
import { taskRetryAt } from "../queue/task_retry.ts";
import { Attempt } from "./attempt.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { WaitingFile } from "./disk_space.ts";
import { findDriver, type Moved, whereMoved } from "./find_driver.ts";
import { IntegrityError } from "./expectations.ts";
import { isForbidden, lookAtForbidden } from "./forbidden.ts";
import { HostBusyError, type HostPlace, HostSilentError } from "./host_visits.ts";
import { expiredStatus, type RenewLink } from "./expired_link.ts";
import { MovedError } from "./download_driver.ts";
import { DownloadError, StoppedError, withNote } from "./download_error.ts";
import { UnchangedError } from "./old_file.ts";
import { PartFile } from "./part_file.ts";
import { removeOutdated } from "./remove_outdated.ts";
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
  /** The folder could be written before. */
  forbidden?: true;
  /** Before this time the host wants no request, and that is too long to wait for. */
  notBefore?: number;
}

/** Tasks that are remembered as those that were refused once, at the most. */
const MOST_REFUSED = 10_000;
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
export function procDownloadCore(
  task: DownloadTask,
  context: DownloadContext,
  place: HostPlace = { host: "" },
): Promise<TaskOutcome> {
  return task.space === undefined ? download(task, context, place) : afterWaiting(task, task.space, context, place);
}

/** Fetches a file that found the disk full. */
async function afterWaiting(
  task: DownloadTask,
  wish: SpaceWish,
  context: DownloadContext,
  place: HostPlace,
): Promise<TaskOutcome> {
  const { space } = context;
  // No server is asked for what there is still no space for.
  const refused = space.refuse(waitingFile(task, context), wish);
  if (refused !== undefined) return parked(refused.toTaskError(Date.now()), Date.now());
  const outcome = await download(task, context, place);
  if (outcome.type !== "deferred" || outcome.error?.space === undefined) space.leave(task);
  return outcome;
}

async function download(task: DownloadTask, context: DownloadContext, place: HostPlace): Promise<TaskOutcome> {
  const startedAt = Date.now();
  const { url, mirrors } = task;
  // This one, another worker or another process may have left something of it.
  if (task.attempts > 0 || task.begun === true || task.facts !== undefined) context.fresh = false;
  const sources = mirrors === undefined ? [url] : sourcesOf(task, context, startedAt, place.host);
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
      return done(
        {
          type: "done",
          startedAt,
          facts,
          ...(originalName === undefined ? {} : { originalName }),
          ...(sentAs === undefined ? {} : { contentEncoding: sentAs }),
          ...(continuedAt === undefined ? {} : { continuedAt }),
        },
        task,
        context,
      );
    } catch (error) {
      moved = moved === undefined && error instanceof MovedError ? whereMoved(error, context.drivers) : undefined;
      if (moved !== undefined) {
        sources.unshift(source);
        continue;
      }
      if (error instanceof UnchangedError) {
        context.hosts?.answered(place);
        return done({ type: "done", startedAt, facts: error.facts, unchanged: true }, task, context);
      }
      if (error instanceof StoppedError) return { type: "released", begun: true };
      if (error instanceof HostBusyError) {
        if (error.cooling && isTooLong(error.until, context)) {
          failures.push(tooLong(error, error.until));
          continue;
        }
        busyUntil = Math.min(busyUntil, error.until);
        continue;
      }
      if (error instanceof HostSilentError) {
        failures.push(unasked(error));
        continue;
      }
      // Something may be left of it now.
      context.fresh = false;
      const failure = judge(error, task, context);
      context.hosts?.failed(place, failure.error, source);
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

/** What becomes of a task that has no space, or may not write: the disk is nobody's fault, so it waits, however often it has to look. */
function parked(error: TaskError, now: number): TaskOutcome {
  return { type: "deferred", notBefore: now + DISK_FULL_MS, error };
}

function waitingFile({ out, url, fence }: DownloadTask, { root, writer, bootId }: DownloadContext): WaitingFile {
  return { root, out, tag: `${writer}-${fence}`, url: redactUrl(url), bootId };
}

/** The file is there: whatever others left of it, who had the task before, is of no use any more. */
function done(
  outcome: TaskOutcome & { type: "done" },
  { begun, out, url, mirrors = [] }: DownloadTask,
  { root }: DownloadContext,
): TaskOutcome {
  if (begun === true) removeOutdated(root, out, [url, ...mirrors].map(redactUrl));
  return outcome;
}

/**
 * The order in which to try the sources: first whoever has brought a part of the file, then the host at which the download has
 * a place instead of that of its url, then who has not failed lately.
 */
function sourcesOf(
  { url, mirrors = [], out }: DownloadTask,
  context: DownloadContext,
  now: number,
  host: string,
): string[] {
  const ordered = context.mirrors.order([url, ...mirrors], now);
  if (host !== "" && host !== taskHost(url)) {
    const isThere = (source: string) => taskHost(source) === host;
    ordered.sort((a, b) => Number(isThere(b)) - Number(isThere(a)));
  }
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
  if (kind === "disk" && isForbidden(failure.cause) && passes(task, context)) return forbidden(failure);
  if (retryAt !== undefined && status !== undefined && isTooLong(retryAt, context)) return tooLong(failure, retryAt);
  const retryable = kind === "http" && status !== undefined && byStatus ? context.retryOn(status) : failure.retryable;
  return { error: failure, retryable };
}

/** True if what may not be written now could be before, so that it may be again. */
function passes({ out, seq }: DownloadTask, { root, writableAt, refused }: DownloadContext): boolean {
  if (writableAt === undefined) return false;
  const verdict = lookAtForbidden(root, out, writableAt);
  if (verdict !== "unclear") return verdict === "for now";
  // It may be over already; a task that meets it again has a path that cannot be written.
  if (refused === undefined || refused.has(seq)) return false;
  if (refused.size >= MOST_REFUSED) refused.clear();
  refused.add(seq);
  return true;
}

/** The task waits, as for a disk that is full. */
function forbidden({ message, cause }: DownloadError): Failure {
  const noted = `${message}; it could be written when this run began`;
  const error = new DownloadError("disk", noted, { cause, retryable: true, full: true });
  return { error, retryable: true, forbidden: true };
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

/** It was not asked, as it does not answer anybody. */
function unasked(error: HostSilentError): Failure {
  const note = `not asked again before ${new Date(error.until).toISOString()}`;
  return { error: withNote(error, note), retryable: false, notBefore: error.until };
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
  const taskError: TaskError = { ...error.toTaskError(now), retryable };
  // Whoever asks again for what is done wants to know that it is not lost.
  if (context.refresh && fileExists(pathBelow(context.root, task.out))) {
    taskError.message += "; the file that is there stays";
  }
  if (decisive.forbidden === true) taskError.forbidden = true;
  if (error.full) {
    if (decisive.forbidden !== true) {
      taskError.space ??= { bytes: 1 };
      context.space.wait(waitingFile(task, context), taskError.space);
    }
    return parked(taskError, now);
  }
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
