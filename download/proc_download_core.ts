/**
 * One attempt at one file, for every protocol: find the driver, open the url, write the unfinished file, note it in the
 * manifest, rename. Swap a driver to add a protocol; nothing here changes.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { redactUrl } from "../base/redact_url.ts";
import type { ClaimedTask, TaskDoneFacts, TaskOutcome } from "../queue/task_model.ts";
import { taskRetryAt, type TaskRetryPolicy } from "../queue/task_retry.ts";
import type { DownloadDriver, DriverResponse } from "./download_driver.ts";
import { DownloadError, networkError, StoppedError } from "./download_error.ts";
import type { FinalNames } from "./final_names.ts";
import type { Manifest, ManifestLine } from "./manifest.ts";
import { diskError, FileExistsError, PartFile } from "./part_file.ts";
import type { SmallFiles } from "./small_files.ts";
import { outProblem } from "./task_names.ts";
import type { Watchdog, Watched } from "./watchdog.ts";

/** A body up to this many bytes is read at once and written in one piece. */
const SMALL_BODY = 64 * 1024;

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
    return { type: "done", startedAt, facts: await attempt(task, context, startedAt) };
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
    return retryAt === undefined
      ? { type: "failed", startedAt, error: taskError }
      : { type: "retry", startedAt, error: taskError, notBefore: retryAt };
  }
}

async function attempt(task: DownloadTask, context: DownloadContext, startedAt: number): Promise<TaskDoneFacts> {
  const driver = findDriver(task.url, context.drivers);
  const problem = outProblem(task.out);
  if (problem !== undefined) throw new DownloadError("name", `Cannot store "${task.out}" as its name ${problem}`);
  const finalPath = join(context.root, task.out);
  if (!context.fresh && existsSync(finalPath)) return await knownFile(task, context, finalPath);
  using watched = context.watchdog.start(task.url);
  try {
    using response = await driver.open({
      url: task.url,
      headers: task.headers ?? {},
      maxRedirects: context.maxRedirects,
      signal: watched.signal,
    });
    watched.opened();
    return await receive(task, context, response, watched, startedAt);
  } catch (error) {
    if (error instanceof FileExistsError) {
      // Another writer may have been faster with the same file; our line must not vouch for what is there.
      context.manifest.void(task);
      return await knownFile(task, context, finalPath);
    }
    // What an abort makes of a read is only a symptom: the reason says what happened.
    throw watched.signal.aborted ? watched.signal.reason : networkError(error, task.url);
  }
}

function findDriver(url: string, drivers: readonly DownloadDriver[]): DownloadDriver {
  const scheme = URL.parse(url)?.protocol ?? "";
  const driver = drivers.find((candidate) => candidate.schemes.includes(scheme));
  if (driver !== undefined) return driver;
  const supported = drivers.flatMap((candidate) => candidate.schemes).join(" ");
  throw new DownloadError("unsupported", `Cannot fetch "${scheme}" urls as the scheme must be one of ${supported}`);
}

/** The file is there before the first byte: done if we stored it, and somebody else's otherwise. */
async function knownFile(task: DownloadTask, context: DownloadContext, path: string): Promise<TaskDoneFacts> {
  const info = await Deno.lstat(path).catch((error) => {
    throw diskError(error, path);
  });
  const facts = info.isFile ? await context.manifest.find(redactUrl(task.url), task.out, info.size) : undefined;
  if (facts === undefined) throw new FileExistsError(path);
  return facts;
}

async function receive(
  task: DownloadTask,
  context: DownloadContext,
  response: DriverResponse,
  watched: Watched,
  startedAt: number,
): Promise<TaskDoneFacts> {
  const target = { root: context.root, out: task.out, tag: `${context.writer}-${task.fence}` };
  const line = (facts: TaskDoneFacts, inode: number): ManifestLine => {
    // An abort that came with the last byte still counts: nothing may be finished after it.
    if (watched.signal.aborted) throw watched.signal.reason;
    return manifestLine(task, facts, inode, startedAt);
  };
  if (response.length !== undefined && response.length <= SMALL_BODY) {
    return await response.whole(async (bytes) => {
      assertWhole(response, bytes.length);
      const facts = factsOf(response, bytes.length);
      context.onBytes(bytes.length);
      await context.smallFiles.store(target, bytes, (inode) => line(facts, inode));
      return facts;
    }, () => watched.touch());
  }
  using part = PartFile.open(target);
  await response.read((piece) => {
    watched.touch();
    context.onBytes(piece.length);
    part.write(piece);
  });
  assertWhole(response, part.bytes);
  const facts = factsOf(response, part.bytes);
  try {
    context.manifest.append([line(facts, part.inode)]);
  } catch (error) {
    throw diskError(error, "the manifest");
  }
  part.finish(context.names);
  return facts;
}

function assertWhole(response: DriverResponse, bytes: number): void {
  if (response.length === undefined || response.length === bytes) return;
  const { host } = new URL(response.finalUrl);
  throw new DownloadError("network", `${host}: ${bytes} bytes came instead of ${response.length}`);
}

function factsOf({ finalUrl, etag, lastModified }: DriverResponse, bytes: number): TaskDoneFacts {
  return {
    bytes,
    finalUrl: redactUrl(finalUrl),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

function manifestLine(task: DownloadTask, facts: TaskDoneFacts, inode: number, startedAt: number): ManifestLine {
  return {
    id: task.id,
    fence: task.fence,
    url: redactUrl(task.url),
    ...facts,
    out: task.out,
    inode,
    attempts: task.attempts + 1,
    core: task.core,
    startedAt,
    finishedAt: Date.now(),
  };
}
