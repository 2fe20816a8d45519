import { CfgError } from "../config/cfg_error.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { OpenFiles } from "../ffi/open_files.ts";

/** The list, the reader of task files, and the journals. */
const OF_PROCESS = 14;
/** What a thread has for itself, its standard streams and its clock among them. */
const OF_THREAD = 6;
/** A connection, one that is idle or that FTP has for its commands, and the file. */
const OF_DOWNLOAD = 3;
/** For what is open for a moment: names that are looked up, files that are looked at, threads that start. */
const RESERVE = 10;

/** How much may run at a time with what a process may have open. */
export interface OpenFilesFit {
  /** The download workers. */
  workers: number;
  /** Downloads at a time of each worker. */
  concurrency: number;
  /** Further connections of each worker, for files in several segments. */
  extra: number;
}

/**
 * Makes a run fit into what this process may have open at a time: fewer downloads at a time rather than some that fail.
 *
 * @param files What it may have open, and has; `undefined` if that is not known, and then everything fits.
 * @param wish What would run.
 * @param wish.workers The download workers.
 * @param wish.concurrency Downloads at a time of each worker.
 * @param wish.drivers Drivers of the user, each of which has a thread for each worker. Default 0.
 * @returns What may run, one download at least.
 * @throws {CfgError} If not even that fits.
 */
export function fitOpenFiles(
  files: OpenFiles | undefined,
  { workers, concurrency, drivers = 0 }: { workers: number; concurrency: number; drivers?: number },
): OpenFilesFit {
  if (files === undefined) return { workers, concurrency, extra: Infinity };
  const free = files.limit - files.open - OF_PROCESS;
  const ofWorker = OF_THREAD * (1 + drivers);
  if (free < ofWorker + OF_DOWNLOAD) {
    const least = files.open + OF_PROCESS + ofWorker + OF_DOWNLOAD;
    const message = `Cannot download as a process must be allowed to open at least ${least} files: current value is ` +
      `${files.limit} (ulimit -n)`;
    throw new CfgError([{ field: "ulimit -n", source: "system", message }]);
  }
  const usable = Math.max(ofWorker + OF_DOWNLOAD, free - RESERVE);
  const most = Math.min(workers, Math.floor(usable / (ofWorker + OF_DOWNLOAD)));
  const each = Math.floor(usable / most) - ofWorker;
  const fits = Math.min(concurrency, Math.floor(each / OF_DOWNLOAD));
  return { workers: most, concurrency: fits, extra: each - fits * OF_DOWNLOAD };
}

/** What would run by the settings, as {@linkcode fitOpenFiles} takes it. */
export function openFilesWish(
  { concurrency, protocols = [] }: Pick<CfgSettings, "concurrency" | "protocols">,
  workers: number,
): { workers: number; concurrency: number; drivers: number } {
  return { workers, concurrency, drivers: protocols.length };
}

/** Says in a line how much less runs at a time than was asked for; `undefined` if nothing does. */
export function openFilesText(
  limit: number,
  { workers, concurrency }: OpenFilesFit,
  wish: { workers: number; concurrency: number },
): string | undefined {
  if (workers === wish.workers && concurrency === wish.concurrency) return undefined;
  const now = `${workers} ${workers === 1 ? "worker has" : "workers have"} ${concurrency} ${
    concurrency === 1 ? "download" : "downloads"
  } at a time each`;
  const asked = `${wish.workers} with ${wish.concurrency}`;
  return `This process may open ${limit} files (ulimit -n): ${now}, instead of ${asked}`;
}
