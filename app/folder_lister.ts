import { delay } from "@std/async/delay";
import { parseUrl } from "../base/parse_url.ts";
import { redactUrl } from "../base/redact_url.ts";
import { CfgError } from "../config/cfg_error.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloadDriver, ListedFile } from "../download/download_driver.ts";
import { DownloadError, networkError, StoppedError } from "../download/download_error.ts";
import { HostAddresses } from "../download/host_addresses.ts";
import type { HttpIdentity } from "../download/http_identity.ts";
import { NameLookups } from "../download/name_lookups.ts";
import { fallbackOfDraft } from "../download/task_draft.ts";
import { outFromUrl, outProblem, safeSegment } from "../download/task_names.ts";
import { fieldsWhere } from "../queue/task_request.ts";
import type { TaskDraft } from "../queue/task_shared_list.ts";
import { driverQuestions } from "../workers/driver_questions.ts";
import { DriverThreads } from "../workers/driver_threads.ts";
import type { WorkerAnswers } from "./worker_answers.ts";

/** What a {@linkcode FolderLister} works with. */
export interface FolderListerPorts {
  /** The settings. */
  settings: CfgSettings;
  /** Tells who asks, when the first folder comes. */
  identity: () => HttpIdentity | Promise<HttpIdentity>;
  /** Reads the user's files. */
  answers: Pick<WorkerAnswers, "answer">;
  /** Drivers of the user may do next to nothing. Default false: as much as this program. */
  restricted?: boolean;
}

/** The files of a folder as drafts, or what is wrong. */
export type FolderResult =
  | { type: "drafts"; drafts: TaskDraft[] }
  | { type: "problem"; field: string; message: string };

/** So often a listing that fails for a reason that may pass is tried. */
const ATTEMPTS = 3;
const WITH_FOLDERS = /^(?:ftp|ftps|ftpes|sftp|s3):/i;
const NO_URL = { protocol: "", pathname: "", search: "" };
/** What is about one file says nothing about a folder. */
const OF_ONE_FILE = fieldsWhere(({ ofOneFile }) => ofOneFile === true);

/**
 * Looks into folders when they are put on the list: urls of FTP, SFTP and S3 that end with a slash or have no path, and of S3
 * those that end with `*`. Every file below becomes a task of its own, in a folder that is called as the entry says, or as the
 * last part of the url.
 */
export class FolderLister implements AsyncDisposable {
  readonly #ports: FolderListerPorts;
  /** The folders of the drivers of the user. */
  readonly #own: RegExp | undefined;
  readonly #end = new AbortController();
  /** The drivers of the user. */
  readonly #threads: DriverThreads;
  #drivers: Promise<DownloadDriver[]> | undefined;

  /** @param ports What it works with. */
  constructor(ports: FolderListerPorts) {
    this.#ports = ports;
    this.#threads = new DriverThreads({ restricted: ports.restricted === true });
    const own = (ports.settings.protocols ?? []).map(({ scheme }) => RegExp.escape(scheme));
    if (own.length > 0) this.#own = new RegExp(`^(?:${own.join("|")})//[^?#]*/(?:[?#]|$)`, "i");
  }

  /** True if a url stands for a folder. */
  isFolder(url: string): boolean {
    // Nearly all urls begin so.
    if (url.startsWith("http:") || url.startsWith("https:")) return false;
    if (this.#own?.test(url) === true) return true;
    const { protocol, pathname, search } = (WITH_FOLDERS.test(url) ? parseUrl(url) : null) ?? NO_URL;
    return search === "" && (pathname.endsWith("/") || (protocol === "s3:" && pathname.endsWith("*")));
  }

  /**
   * Lists a folder.
   *
   * @param draft The entry that stands for it.
   * @returns A draft for each file; or what is wrong with the entry.
   */
  async list(draft: TaskDraft): Promise<FolderResult> {
    const { url, out, named, fallbackOut: _, ...rest } = draft;
    const field = OF_ONE_FILE.find((name) => (rest as Record<string, unknown>)[name] !== undefined);
    if (field !== undefined) return { type: "problem", field, message: "must be for one file: the url is a folder" };
    for (let attempt = 1;; attempt++) {
      try {
        const files = await this.#files(url);
        const { folderLimit } = this.#ports.settings;
        if (files.length > folderLimit) {
          const message = `must be a folder with at most ${folderLimit} files (see --folder-limit)`;
          return { type: "problem", field: "url", message };
        }
        const folder = named === true ? out : folderName(url);
        const drafts = files.map((file) => ({
          ...rest,
          url: file.url,
          out: placeOf(folder, file),
          fallbackOut: fallbackOfDraft,
          named: true,
        }));
        return { type: "drafts", drafts };
      } catch (error) {
        if (error instanceof CfgError) throw error;
        this.#end.signal.throwIfAborted();
        const failure = networkError(error, url);
        if (failure.retryable && attempt < ATTEMPTS) {
          await delay(attempt * 500, { signal: this.#end.signal });
          continue;
        }
        return { type: "problem", field: "url", message: `cannot be listed: ${failure.message}: ${redactUrl(url)}` };
      }
    }
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new StoppedError("Stopped"));
    this.#drivers?.then((drivers) => drivers.forEach((driver) => driver[Symbol.dispose]()), () => {});
    await this.#threads.end();
  }

  async #files(url: string): Promise<ListedFile[]> {
    const { folderLimit, stallTimeoutMs } = this.#ports.settings;
    const scheme = new URL(url).protocol;
    const driver = (await this.#load()).find(({ schemes, list }) => list !== undefined && schemes.includes(scheme));
    this.#end.signal.throwIfAborted();
    const files: ListedFile[] = [];
    const stalled = new AbortController();
    let seen = 0;
    let seenAt = performance.now();
    const watch = setInterval(() => {
      if (files.length > seen) [seen, seenAt] = [files.length, performance.now()];
      else if (performance.now() - seenAt > stallTimeoutMs) {
        stalled.abort(new DownloadError("timeout", `no file for ${stallTimeoutMs / 1000} s`));
      }
    }, stallTimeoutMs / 8);
    const signal = AbortSignal.any([this.#end.signal, stalled.signal]);
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => {});
    signal.addEventListener("abort", () => aborted.reject(signal.reason));
    const listing = driver!.list!({ url, signal })[Symbol.asyncIterator]();
    try {
      while (files.length <= folderLimit) {
        // Not every driver hears that it is over.
        const { done, value } = await Promise.race([listing.next(), aborted.promise]);
        if (done) break;
        files.push(value);
      }
      return files;
    } finally {
      clearInterval(watch);
      listing.return?.(undefined).catch(() => {});
    }
  }

  #load(): Promise<DownloadDriver[]> {
    return this.#drivers ??= this.#makeDrivers();
  }

  async #makeDrivers(): Promise<DownloadDriver[]> {
    const { settings, identity, answers } = this.#ports;
    const { makeDrivers } = await import("../download/protocols/make_drivers.ts");
    const who = await identity();
    return makeDrivers({
      settings,
      identity: who,
      hosts: new HostAddresses(who, new NameLookups({ timeoutMs: settings.lookupTimeoutMs })),
      http: { idlePerHost: 1, lane: false },
      ...driverQuestions((question) => answers.answer(question)),
      startDriver: (scheme, module) => this.#threads.start(scheme, module),
    });
  }
}

/** The last part of a folder's path; empty for the root of a server. */
function folderName(url: string): string {
  const path = parseUrl(url)!.pathname.replace(/[^/]*\*$/, "").replace(/\/+$/, "").replace(/^\/(?=~$)/, "");
  return path === "" || path === "~" ? "" : outFromUrl(`x:${path}`);
}

/** Where a file of a folder goes: the names are the server's, and stay below the folder whatever they are. */
function placeOf(folder: string, { path }: ListedFile): string {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".").map(safeSegment);
  const prefix = folder === "" ? [] : [folder];
  const place = [...prefix, ...segments].join("/");
  return segments.length > 0 && outProblem(place) === undefined
    ? place
    : [...prefix, segments.at(-1) ?? "index"].join("/");
}
