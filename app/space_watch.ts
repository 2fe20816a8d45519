import { builtinModule } from "../base/builtin_module.ts";
import type { SharedCounters } from "../base/shared_counters.ts";
import type { DownloaderNews } from "./downloader_event.ts";

const EVERY_MS = 1000;

/** Looks after the free space of the download folder: below a floor no worker starts anything, until there is space again. */
export class SpaceWatch implements Disposable {
  readonly #root: string;
  readonly #floor: number;
  readonly #counters: SharedCounters;
  readonly #news: (news: DownloaderNews) => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #low = false;

  /**
   * @param root The download folder.
   * @param floor Bytes that are to stay free; 0 looks after nothing.
   * @param counters Where the workers read it.
   * @param news Told when it begins and when it ends.
   */
  constructor(root: string, floor: number, counters: SharedCounters, news: (news: DownloaderNews) => void) {
    this.#root = root;
    this.#floor = floor;
    this.#counters = counters;
    this.#news = news;
    if (floor === 0) return;
    this.#look();
    this.#timer = setInterval(() => {
      try {
        this.#look();
      } catch {
        // The folder may be gone for a moment, with its disk: what was known last holds.
      }
    }, EVERY_MS);
  }

  #look(): void {
    const { bavail, bsize } = builtinModule("node:fs").statfsSync(this.#root);
    const free = Number(bavail) * Number(bsize);
    const low = free < this.#floor;
    for (let worker = 0; worker < this.#counters.workers; worker++) this.#counters.set(worker, "held", low ? 1 : 0);
    if (low === this.#low) return;
    this.#low = low;
    this.#news({ type: low ? "space_low" : "space_back", free, floor: this.#floor });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (let worker = 0; worker < this.#counters.workers; worker++) this.#counters.set(worker, "held", 0);
  }
}
