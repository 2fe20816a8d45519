import type { TaskCounts } from "../queue/task_shared_list.ts";
import type { DownloaderProgress } from "./downloader_progress.ts";
import type { SchemeProgress } from "./scheme_counts.ts";

/** When a run ends. */
export interface RunOptions {
  /** End when nothing is waiting or running. Default false: go on until it is stopped. */
  once?: boolean;
  /** Ends the run, as {@linkcode Downloader.stop} does. */
  signal?: AbortSignal;
}

/** What a run did. */
export interface RunSummary extends DownloaderProgress {
  /** Why it ended: everything is settled, it was stopped, or there was no space for too long. */
  end: "settled" | "stopped" | "full";
  /** Entries that were refused: of the task files, and all that were given to {@linkcode Downloader.add}. */
  refused: number;
  /** How many tasks are in each state now. */
  counts: TaskCounts;
  /** Records of the list that cannot be read, and are set aside. Absent: none. */
  broken?: number;
  /** What came of the tasks of each scheme. */
  schemes: SchemeProgress[];
}
