import type { FileBoard, FileMark } from "../base/file_board.ts";
import { redactUrl } from "../base/redact_url.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { OpenFiles } from "../queue/task_shared_list.ts";
import { fileForecast, type FileProgress } from "./file_progress.ts";
import { RateMeter } from "./rate_meter.ts";

/** Of so many files that are to be continued it is known what is there. */
const MOST_LEFT = 1000;
/** How many files are told one by one, the largest ones. */
const MOST_FILES = 100;

/** What is received now, piece by piece. */
export interface FilesNow {
  /** The largest files, at most 100, the largest first. */
  files: FileProgress[];
  /** All of them together. */
  open: OpenFiles;
}

interface Left {
  bytes: number;
  size: number | undefined;
}

/** Reads from the board how far the running files have come, and how fast. */
export class FileMeter {
  readonly #board: FileBoard;
  readonly #workers: number;
  readonly #taskOf: (worker: number, seq: number) => ClaimedTask | undefined;
  /** The speed of each file, by its task and when it began. */
  #rates = new Map<string, RateMeter>();
  /** What was there of each file when it was looked at last; until its claim ends. */
  readonly #seen = new Map<number, Left>();
  /** What is there of files that wait to be continued. */
  readonly #left = new Map<number, Left>();

  /**
   * @param board Where workers write it down.
   * @param workers How many there are.
   * @param taskOf Which task of a worker has a number.
   */
  constructor(board: FileBoard, workers: number, taskOf: (worker: number, seq: number) => ClaimedTask | undefined) {
    this.#board = board;
    this.#workers = workers;
    this.#taskOf = taskOf;
  }

  /** Reads now. */
  read(now: number = Date.now()): FilesNow {
    const open: OpenFiles = { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 };
    const files: FileProgress[] = [];
    const rates = new Map<string, RateMeter>();
    const received = new Set<number>();
    const stopped: FileMark[] = [];
    for (let worker = 0; worker < this.#workers; worker++) {
      for (const mark of this.#board.read(worker)) {
        const { seq, startedAt, kept, size, bytes } = mark;
        const task = this.#taskOf(worker, seq);
        if (task === undefined) continue;
        // What came beyond the size that was told is an error soon.
        if (size !== undefined) mark.size = Math.max(size, bytes);
        if (mark.over) {
          stopped.push(mark);
          continue;
        }
        const name = `${seq} ${startedAt}`;
        const rate = this.#rates.get(name) ?? new RateMeter(kept, startedAt);
        rates.set(name, rate);
        received.add(seq);
        this.#note(open, mark);
        const far = { bytes, speed: Math.round(rate.read(bytes, now)) };
        const sized = mark.size === undefined ? far : { ...far, size: mark.size };
        files.push({
          id: task.id,
          url: redactUrl(task.url),
          out: task.out,
          core: task.core,
          ...sized,
          ...fileForecast(sized),
          ...(kept > 0 ? { continuedAt: kept } : {}),
        });
      }
    }
    // Until its claim has ended, and while no mirror is asked.
    for (const mark of stopped) if (!received.has(mark.seq)) this.#note(open, mark);
    for (const { bytes, size } of this.#left.values()) addTo(open, bytes, size);
    this.#rates = rates;
    files.sort((a, b) => (b.size ?? b.bytes) - (a.size ?? a.bytes));
    return { files: files.slice(0, MOST_FILES), open };
  }

  #note(open: OpenFiles, { seq, bytes, size }: FileMark): void {
    this.#seen.set(seq, { bytes, size });
    this.#left.delete(seq);
    addTo(open, bytes, size);
  }

  /**
   * A claim has ended: what is there of a file that will be continued still counts.
   *
   * @param seq The number of its task.
   * @param outcome How it ended; absent: a user took the task away.
   */
  ended(seq: number, outcome?: TaskOutcome): void {
    // Small files are never written down: theirs costs nothing here.
    if (this.#seen.size + this.#left.size === 0) return;
    const seen = this.#seen.get(seq);
    this.#seen.delete(seq);
    this.#left.delete(seq);
    if (seen === undefined || outcome === undefined || outcome.type === "done" || outcome.type === "failed") return;
    if (this.#left.size < MOST_LEFT) this.#left.set(seq, seen);
  }
}

function addTo(open: OpenFiles, bytes: number, size: number | undefined): void {
  if (size === undefined) {
    open.unsizedBytes += bytes;
    return;
  }
  open.sized++;
  open.sizedBytes += bytes;
  open.size += size;
}
