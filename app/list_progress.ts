import type { OwnerVitals, TaskCounts, TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloaderProgress } from "./downloader_progress.ts";
import type { FileProgress } from "./file_progress.ts";
import { addWork, type WorkDone, type WorkProgress, workProgress } from "./work_progress.ts";

/** How long what other processes say of themselves is taken for new, in milliseconds. */
const OTHERS_MS = 2000;

/** How far a list has come, whoever works on it. */
export interface ListProgress extends WorkProgress {
  /** How many tasks are in each state. */
  counts: TaskCounts;
  /** Bytes a second, lately. */
  speed: number;
  /** Tasks settled a second, lately. */
  filesPerSecond: number;
  /** The largest files that this process receives now piece by piece, at most 100, the largest first. */
  files: FileProgress[];
}

/** Adds what the other processes say of themselves to what this one has done. */
export class ListProgressMeter {
  readonly #list: Pick<TaskSharedList, "counts" | "owners">;
  readonly #owner: () => string | undefined;
  readonly #progress: () => DownloaderProgress;
  #others: readonly WorkDone[] = [];
  #seenAt = -Infinity;

  /**
   * @param list The list.
   * @param owner The name of this owner now, if it has one.
   * @param progress What this process has done.
   */
  constructor(
    list: Pick<TaskSharedList, "counts" | "owners">,
    owner: () => string | undefined,
    progress: () => DownloaderProgress,
  ) {
    this.#list = list;
    this.#owner = owner;
    this.#progress = progress;
  }

  /** Reads now; what other processes say is up to two seconds older than their heartbeats. */
  async read(): Promise<ListProgress> {
    if (performance.now() - this.#seenAt >= OTHERS_MS) {
      const own = this.#owner();
      const owners = (await this.#list.owners()).filter((other) => other.alive && other.owner !== own);
      this.#others = owners.flatMap(({ vitals }) => vitals === undefined ? [] : [workOfOwner(vitals)]);
      this.#seenAt = performance.now();
    }
    const counts = await this.#list.counts();
    const now = this.#progress();
    const work = addWork([now, ...this.#others]);
    const { speed, filesPerSecond } = work;
    return { ...workProgress(counts, work), counts, speed, filesPerSecond, files: now.files };
  }

  /**
   * Tells it now and then.
   *
   * @param ms How often, in milliseconds.
   * @param heard Says whether anybody listens.
   * @param tell Told of it.
   * @returns What ends it.
   */
  every(ms: number, heard: () => boolean, tell: (progress: ListProgress) => void): Disposable {
    let over = false;
    const look = async () => {
      if (!heard()) return;
      const progress = await this.read();
      if (!over) tell(progress);
    };
    // A list that fails here fails elsewhere too, and there it is told.
    const timer = setInterval(() => void look().catch(() => {}), ms);
    return {
      [Symbol.dispose]: () => {
        over = true;
        clearInterval(timer);
      },
    };
  }
}

/** What an owner says of itself, as work. */
export function workOfOwner(vitals: OwnerVitals): WorkDone {
  const { active, done, failed, speed, bytes } = vitals;
  const open = vitals.open ?? { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 };
  // An older version does not say what its files had: what it received is nearest to that.
  const { fileBytes = bytes, filesPerSecond = 0 } = vitals;
  return { active, done, failed, speed, fileBytes, filesPerSecond, open };
}
