import type { OpenFiles, TaskCounts } from "../queue/task_shared_list.ts";

/** What one process, or several together, have done of a list and are doing. */
export interface WorkDone {
  /** Downloads that run. */
  active: number;
  /** Files that were finished. */
  done: number;
  /** Tasks that failed. */
  failed: number;
  /** Bytes of the files that were finished. */
  fileBytes: number;
  /** What is there of the files that are received now. */
  open: OpenFiles;
  /** Bytes a second, lately. */
  speed: number;
  /** Tasks settled a second, lately. */
  filesPerSecond: number;
}

/** How far a list has come. */
export interface WorkProgress {
  /** Tasks that are done or failed. */
  settled: number;
  /** Those, and the ones that wait, run or are paused. */
  total: number;
  /** How much is there, in percent, rounded down: of the bytes, or of the files where nothing is known of bytes. */
  percent: number;
  /** Bytes that are there of all the files. */
  bytes: number;
  /** Bytes that all the files have; absent where nothing is known of them. */
  totalBytes?: number;
  /** How long the rest will take, in milliseconds; absent where nothing goes on, or nothing is left. */
  etaMs?: number;
  /** True if sizes were not known of all files: those count with the mean of the others. */
  estimated: boolean;
}

/** Slower than this says nothing about when the rest will come: bytes, or files, a second. */
const STANDSTILL = 0.01;

/**
 * Works out how far a list has come, and when the rest will be there.
 *
 * @param counts What the list says.
 * @param work What was done of it. Files that were finished before, or by somebody else, count with the mean size.
 */
export function workProgress(counts: TaskCounts, work: WorkDone): WorkProgress {
  const { open: { sized, sizedBytes, size, unsizedBytes } } = work;
  const settled = counts.done + counts.failed;
  const open = counts.waiting + counts.running;
  const total = settled + open + counts.paused;
  const known = work.done + sized;
  const mean = known === 0 ? 0 : (work.fileBytes + size) / known;
  // Those that fail bring no bytes: so will some of the others.
  const expected = known === 0 ? 0 : mean * known / (known + work.failed);
  const earlier = Math.max(0, counts.done - work.done);
  const unknown = Math.max(0, open - sized);
  const rest = size - sizedBytes + Math.max(0, unknown * expected - unsizedBytes);
  const bytes = Math.round(work.fileBytes + earlier * mean + sizedBytes + unsizedBytes);
  const all = bytes + Math.round(rest + counts.paused * expected);
  // Without one size there is nothing to estimate by.
  const byBytes = all > 0 && (known > 0 || open + counts.paused === 0);
  const share = byBytes ? bytes / all : total === 0 ? 0 : settled / total;
  const etaMs = open === 0
    ? undefined
    : byBytes && rest > 0
    ? etaOf(rest, work.speed)
    : etaOf(open, work.filesPerSecond);
  return {
    settled,
    total,
    percent: Math.min(100, Math.floor(share * 100)),
    bytes,
    ...(byBytes ? { totalBytes: all } : {}),
    ...(etaMs === undefined ? {} : { etaMs }),
    estimated: unknown + counts.paused + earlier > 0 && open + counts.paused > 0,
  };
}

/** Adds up what several have done. */
export function addWork(all: readonly WorkDone[]): WorkDone {
  const sum: WorkDone = {
    active: 0,
    done: 0,
    failed: 0,
    fileBytes: 0,
    open: { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 },
    speed: 0,
    filesPerSecond: 0,
  };
  for (const work of all) {
    for (const field of ["active", "done", "failed", "fileBytes", "speed", "filesPerSecond"] as const) {
      sum[field] += work[field];
    }
    for (const field of ["sized", "sizedBytes", "size", "unsizedBytes"] as const) sum.open[field] += work.open[field];
  }
  return sum;
}

function etaOf(rest: number, perSecond: number): number | undefined {
  return perSecond > STANDSTILL ? Math.round(rest / perSecond * 1000) : undefined;
}
