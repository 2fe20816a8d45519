import { encodeError } from "../base/error_record.ts";
import { CfgError } from "../config/cfg_error.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { HttpIdentity } from "../download/http_identity.ts";
import type { DraftRules } from "../download/task_draft.ts";
import { cpuLayout } from "../ffi/cpu_layout.ts";
import { cpuTopology } from "../ffi/cpu_topology.ts";
import { openFiles } from "../ffi/open_files.ts";
import { libcLibrary } from "../ffi/libc_library.ts";
import { onCores } from "../ffi/on_cores.ts";
import { procBindToCpu } from "../ffi/proc_bind_to_cpu.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import { fitOpenFiles, openFilesText, openFilesWish } from "./fit_open_files.ts";

/** What a downloader decides before it starts. */
export interface DownloaderPlan {
  /** The settings, with as many downloads at a time as this process may have files open for. */
  settings: CfgSettings;
  /** Further connections of each worker, for files in several segments. */
  extraConnections: number;
  /** Says what this process may not open; absent: it may open enough. */
  fewFiles?: DownloaderNews;
  /** Who asks over HTTP. */
  identity: HttpIdentity;
  /** The core of the main thread. */
  main: number;
  /** The core of each download worker. */
  cores: readonly number[];
  /** All cores that this process may use. */
  allowed: readonly number[];
  /** The C library, if there is one. */
  library: string | undefined;
  /** Give threads only the permissions that they need. */
  restricted: boolean;
  /** What holds for all entries; the checksums of a file of them are added later. */
  rules: DraftRules;
}

/**
 * Decides which thread runs where.
 *
 * @throws {CfgError} If the cores that were asked for are not allowed.
 */
export function makePlan(settings: CfgSettings, identity: HttpIdentity, restricted: boolean): DownloaderPlan {
  const library = libcLibrary();
  const topology = cpuTopology(library === undefined ? {} : { library });
  const { allowed, quota } = topology;
  const { cores, workers, jobs, nameTemplate } = settings;
  try {
    const layout = cpuLayout({
      allowed,
      quota,
      ...(cores === undefined ? {} : { cores }),
      ...(workers === undefined ? {} : { workers }),
    });
    const files = openFiles(library);
    // A worker without a place for a download would only wait.
    const asked = layout.workers.slice(0, jobs);
    const wish = openFilesWish(settings, asked.length);
    const fit = fitOpenFiles(files, wish);
    const text = openFilesText(files?.limit ?? Infinity, fit, wish);
    const { shard } = settings;
    const rules = {
      ...(nameTemplate === undefined ? {} : { nameTemplate }),
      ...(shard === undefined ? {} : { shard }),
    };
    return {
      settings: { ...settings, concurrency: fit.concurrency },
      extraConnections: fit.extra,
      ...(text === undefined ? {} : { fewFiles: { type: "files_limited", message: text } }),
      identity,
      main: layout.main,
      cores: asked.slice(0, fit.workers),
      allowed,
      library,
      restricted,
      rules,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CfgError([{ field: "cores", source: "options", message: error.message }]);
  }
}

/** The core of each worker: those of the downloads, and of one more that runs suspects and shares the core of the first. */
export function workerCores(cores: readonly number[]): readonly number[] {
  return [...cores, cores[0]!];
}

/** Binds the calling thread, which is the main one, to its core; gives the news if that is not possible. */
export function pinMain({ main, library }: DownloaderPlan): DownloaderNews | undefined {
  try {
    procBindToCpu(main, library === undefined ? {} : { library });
    return undefined;
  } catch (error) {
    return { type: "proc_unpinned", proc: "main", core: main, error: encodeError(error) };
  }
}

/** Starts processes of the user: the main thread may be bound to one core, they are not. */
export function processStarter({ allowed, library }: DownloaderPlan): <T>(spawn: () => T) => T {
  return (spawn) => onCores(allowed, spawn, library);
}

/**
 * How many downloads one of the workers may have at a time: no more than `concurrency`, and of `jobs` an equal part, in which
 * the first workers have one more where it cannot be divided.
 *
 * @param settings The two limits.
 * @param worker The index of the worker, from 0. One more than there are runs suspects, one at a time.
 * @param workers How many there are, no more than `jobs`.
 *
 * @example
 * ```ts
 * import { workerShare } from "./downloader_plan.ts";
 *
 * workerShare({ concurrency: 64, jobs: 5 }, 0, 2); // 3
 * workerShare({ concurrency: 64, jobs: 5 }, 1, 2); // 2
 * ```
 */
export function workerShare(
  { concurrency, jobs }: Pick<CfgSettings, "concurrency" | "jobs">,
  worker: number,
  workers: number,
): number {
  if (jobs === undefined) return concurrency;
  if (worker === workers) return 1;
  return Math.min(concurrency, Math.floor(jobs / workers) + (worker < jobs % workers ? 1 : 0));
}
