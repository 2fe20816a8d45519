import type { SharedCounters } from "../base/shared_counters.ts";
import type { OwnerVitals, RunningFile, SilentHosts } from "../queue/task_shared_list.ts";
import type { FilesNow } from "./file_meter.ts";
import { RateMeter } from "./rate_meter.ts";

/** Reads off the counters of the workers what an owner says of itself. */
export class VitalsMeter {
  readonly #counters: SharedCounters;
  readonly #workers: number;
  readonly #files: () => FilesNow;
  readonly #silent: () => SilentHosts | undefined;
  readonly #rate: RateMeter;
  #bytes: number;
  #at = performance.now();

  /**
   * @param counters The counters.
   * @param workers How many workers count.
   * @param files Says what is received now.
   * @param silent Which hosts are silent.
   */
  constructor(
    counters: SharedCounters,
    workers: number,
    files: () => FilesNow,
    silent: () => SilentHosts | undefined,
  ) {
    this.#counters = counters;
    this.#workers = workers;
    this.#files = files;
    this.#silent = silent;
    this.#bytes = counters.total("bytes");
    this.#rate = new RateMeter(counters.total("done") + counters.total("failed"), this.#at);
  }

  /** Reads now. */
  read(): OwnerVitals {
    const counters = this.#counters;
    const bytes = counters.total("bytes");
    const now = performance.now();
    const speed = Math.round((bytes - this.#bytes) / Math.max(now - this.#at, 1) * 1000);
    this.#bytes = bytes;
    this.#at = now;
    const silent = this.#silent();
    const [done, failed] = [counters.total("done"), counters.total("failed")];
    const { open, files } = this.#files();
    return {
      load: Array.from({ length: this.#workers }, (_, worker) => Math.round(counters.get(worker, "load"))),
      active: counters.total("active"),
      done,
      failed,
      retried: counters.total("retried"),
      bytes,
      speed,
      ...(silent === undefined ? {} : { silent }),
      fileBytes: counters.total("fileBytes"),
      filesPerSecond: Math.round(this.#rate.read(done + failed, now) * 100) / 100,
      open,
      files: files.map(briefly),
    };
  }
}

/** Names and urls stand on the list. */
function briefly({ id, bytes, size, speed, continuedAt }: RunningFile): RunningFile {
  return {
    id,
    bytes,
    ...(size === undefined ? {} : { size }),
    speed,
    ...(continuedAt === undefined ? {} : { continuedAt }),
  };
}
