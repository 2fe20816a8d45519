import type { SharedCounters } from "../base/shared_counters.ts";
import type { FilesNow } from "./file_meter.ts";
import type { FileProgress } from "./file_progress.ts";
import { RateMeter } from "./rate_meter.ts";
import type { WorkDone } from "./work_progress.ts";

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
export interface DownloaderProgress extends WorkDone {
  /** Attempts that were repeated. */
  retried: number;
  /** Bytes that were received, those of failed attempts included. */
  bytes: number;
  /** Since the first run began, in milliseconds. */
  ms: number;
  /** When the next window opens, in milliseconds since the epoch; absent while downloads may run. */
  opensAt?: number;
  /** The largest files that are received now piece by piece, at most 100, the largest first; small ones are not among them. */
  files: FileProgress[];
  /** Each worker. */
  cores: CoreProgress[];
}

const NO_FILES: FilesNow = { files: [], open: { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 } };

/** Reads the counters, and how fast they grow. */
export class ProgressMeter {
  readonly #counters: SharedCounters;
  readonly #cores: readonly number[];
  #startedAt: number | undefined;
  #speed: RateMeter | undefined;
  #filesPerSecond: RateMeter | undefined;

  /**
   * @param counters The counters.
   * @param cores The core of each worker.
   */
  constructor(counters: SharedCounters, cores: readonly number[]) {
    this.#counters = counters;
    this.#cores = cores;
  }

  /** A run begins. */
  start(): void {
    this.#startedAt ??= Date.now();
    const now = performance.now();
    this.#speed = new RateMeter(this.#counters.total("bytes"), now);
    this.#filesPerSecond = new RateMeter(this.#settled, now);
  }

  get #settled(): number {
    return this.#counters.total("done") + this.#counters.total("failed");
  }

  /**
   * Reads now.
   *
   * @param files What is received now. Default: nothing.
   * @param opensAt When the next window opens; absent while downloads may run.
   */
  read({ files, open }: FilesNow = NO_FILES, opensAt?: number): DownloaderProgress {
    const counters = this.#counters;
    const bytes = counters.total("bytes");
    const now = performance.now();
    return {
      done: counters.total("done"),
      failed: counters.total("failed"),
      retried: counters.total("retried"),
      active: counters.total("active"),
      bytes,
      fileBytes: counters.total("fileBytes"),
      ms: this.#startedAt === undefined ? 0 : Date.now() - this.#startedAt,
      speed: Math.round(this.#speed?.read(bytes, now) ?? 0),
      filesPerSecond: rounded(this.#filesPerSecond?.read(this.#settled, now) ?? 0),
      ...(opensAt === undefined ? {} : { opensAt }),
      open,
      files,
      cores: this.#cores.map((core, worker) => ({
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
}

/** With two digits behind the point. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
