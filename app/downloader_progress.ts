import type { SharedCounters } from "../base/shared_counters.ts";

/** What one worker has done and is doing. */
export interface CoreProgress {
  /** Its core. */
  core: number;
  /** How busy the core is, in percent. */
  load: number;
  /** Downloads at a time that admission allows now. */
  limit: number;
  /** Downloads that are running. */
  active: number;
  /** Tasks that it holds beyond those. */
  claimed: number;
  /** Files that it finished. */
  done: number;
  /** Tasks that it failed. */
  failed: number;
  /** Attempts that will be repeated. */
  retried: number;
  /** Bytes that it received. */
  bytes: number;
}

/** What all workers have done and are doing. */
export interface DownloaderProgress {
  /** Files that were finished. */
  done: number;
  /** Tasks that failed. */
  failed: number;
  /** Attempts that were repeated. */
  retried: number;
  /** Downloads that are running. */
  active: number;
  /** Bytes that were received, those of failed attempts included. */
  bytes: number;
  /** Since the first run began, in milliseconds. */
  ms: number;
  /** When the next window opens, in milliseconds since the epoch; absent while downloads may run. */
  opensAt?: number;
  /** Each worker. */
  cores: CoreProgress[];
}

/** Reads the counters. */
export function readProgress(
  counters: SharedCounters,
  cores: readonly number[],
  startedAt: number | undefined,
  opensAt?: number,
): DownloaderProgress {
  return {
    done: counters.total("done"),
    failed: counters.total("failed"),
    retried: counters.total("retried"),
    active: counters.total("active"),
    bytes: counters.total("bytes"),
    ms: startedAt === undefined ? 0 : Date.now() - startedAt,
    ...(opensAt === undefined ? {} : { opensAt }),
    cores: cores.map((core, worker) => ({
      core,
      load: counters.get(worker, "load"),
      limit: counters.get(worker, "limit"),
      active: counters.get(worker, "active"),
      claimed: counters.get(worker, "claimed"),
      done: counters.get(worker, "done"),
      failed: counters.get(worker, "failed"),
      retried: counters.get(worker, "retried"),
      bytes: counters.get(worker, "bytes"),
    })),
  };
}
