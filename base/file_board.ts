const SEQ = 0;
const STARTED_AT = 1;
const KEPT = 2;
const SIZE = 3;
const BYTES = 4;
const WIDTH = 5;
const CELL = 8;

/** What is there of a file that a worker receives. */
export interface FileMark {
  /** The number of its task. */
  seq: number;
  /** When it began, in milliseconds since the epoch. */
  startedAt: number;
  /** Bytes that an earlier download had left, and that are kept. */
  kept: number;
  /** Its size in bytes; absent if nobody knows it. */
  size?: number;
  /** Bytes that are there, the kept ones included. */
  bytes: number;
  /** True if it is not received any more, and was not completed; seen until another file takes its place. */
  over: boolean;
}

/** Writes down how far one file has come; disposing of it says that it is not received any more. */
export interface FileProgressMark extends Disposable {
  /** So many further bytes are there. */
  add(bytes: number): void;
  /** The file is complete. */
  done(): void;
}

/**
 * How far the files have come that workers receive piece by piece, in one SharedArrayBuffer: every thread reads it at any
 * time, and no message is sent for it. Each worker has a row of places, and is the only one that writes there.
 */
export class FileBoard {
  /** The memory itself; post it to a Worker to share it. */
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Float64Array;
  readonly #places: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Float64Array(buffer);
    this.#places = this.#cells[0]!;
  }

  /**
   * Makes an empty board.
   *
   * @param workers How many workers write to it.
   * @param places How many files each of them can write down at a time.
   */
  static create(workers: number, places: number): FileBoard {
    const buffer = new SharedArrayBuffer((1 + workers * places * WIDTH) * CELL);
    new Float64Array(buffer)[0] = places;
    return new FileBoard(buffer);
  }

  /** Looks at a board that another thread made. */
  static attach(buffer: SharedArrayBuffer): FileBoard {
    return new FileBoard(buffer);
  }

  /** Reads what a worker receives now. */
  *read(worker: number): Generator<FileMark, void, void> {
    const cells = this.#cells;
    for (let place = 0; place < this.#places; place++) {
      const at = this.#at(worker, place);
      const seq = cells[at + SEQ]!;
      if (seq === 0) continue;
      const mark: FileMark = {
        seq: Math.abs(seq),
        over: seq < 0,
        startedAt: cells[at + STARTED_AT]!,
        kept: cells[at + KEPT]!,
        bytes: cells[at + BYTES]!,
      };
      const size = cells[at + SIZE]!;
      if (size > 0) mark.size = size;
      // The place may have got another file meanwhile.
      if (cells[at + SEQ] === seq) yield mark;
    }
  }

  /** Forgets what a worker received that has died. */
  clear(worker: number): void {
    this.#cells.fill(0, this.#at(worker, 0), this.#at(worker + 1, 0));
  }

  /** The places of one worker, for that worker alone; what they held before is forgotten. */
  row(worker: number): FileRow {
    this.clear(worker);
    const first = this.#at(worker, 0);
    return new FileRow(this.#cells, Array.from({ length: this.#places }, (_, place) => first + place * WIDTH));
  }

  #at(worker: number, place: number): number {
    return 1 + (worker * this.#places + place) * WIDTH;
  }
}

/** The places of one worker. */
export class FileRow {
  readonly #cells: Float64Array;
  readonly #free: number[];

  /**
   * @param cells The memory.
   * @param free Where in it the places begin.
   */
  constructor(cells: Float64Array, free: number[]) {
    this.#cells = cells;
    // The first place is taken first, so that few files stand together.
    this.#free = free.reverse();
  }

  /**
   * Writes down that a file is received from now on.
   *
   * @param seq The number of its task.
   * @param kept Bytes that are there already.
   * @param size Its size in bytes; absent if nobody knows it.
   * @returns Where to say how far it has come; `undefined` if every place is taken.
   */
  begin(seq: number, kept: number, size: number | undefined): FileProgressMark | undefined {
    const at = this.#free.pop();
    if (at === undefined) return undefined;
    const cells = this.#cells;
    cells[at + SEQ] = 0;
    cells[at + STARTED_AT] = Date.now();
    cells[at + KEPT] = kept;
    cells[at + SIZE] = size ?? 0;
    cells[at + BYTES] = kept;
    // Last, as a reader looks at it first.
    cells[at + SEQ] = seq;
    return {
      add: (bytes) => void (cells[at + BYTES]! += bytes),
      done: () => void (cells[at + SEQ] = 0),
      [Symbol.dispose]: () => {
        if (cells[at + SEQ] === seq) cells[at + SEQ] = -seq;
        this.#free.push(at);
      },
    };
  }
}
