import { builtinModule } from "../base/builtin_module.ts";
import { LibcNumbers } from "../ffi/libc_numbers.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { StartHold } from "./start_hold.ts";

const EVERY_MS = 1000;

/** Looks after the free space of the download folder: below a floor no worker starts anything, until there is space again. */
export class SpaceWatch implements Disposable {
  readonly #root: string;
  readonly #floor: number;
  readonly #hold: StartHold;
  readonly #news: (news: DownloaderNews) => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #numbers: LibcNumbers;
  #low = false;

  /**
   * @param root The download folder.
   * @param floor Bytes that are to stay free; 0 looks after nothing.
   * @param hold Keeps the workers from starting anything.
   * @param news Told when it begins and when it ends.
   * @param library The C library, if there is one to use.
   */
  constructor(
    root: string,
    floor: number,
    hold: StartHold,
    news: (news: DownloaderNews) => void,
    library?: string,
  ) {
    this.#numbers = new LibcNumbers(floor === 0 ? undefined : library);
    this.#root = root;
    this.#floor = floor;
    this.#hold = hold;
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
    const free = this.#numbers.freeBytes(this.#root) ?? freeBytes(this.#root);
    const low = free < this.#floor;
    if (low === this.#low) return;
    this.#low = low;
    this.#hold.set("space", low);
    this.#news({ type: low ? "space_low" : "space_back", free, floor: this.#floor });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#numbers[Symbol.dispose]();
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = builtinModule("node:fs").statfsSync(path);
  return Number(bavail) * Number(bsize);
}
