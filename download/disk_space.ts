import { builtinModule } from "../base/builtin_module.ts";
import { fileExists } from "../base/file_exists.ts";
import type { FileSpace, FreeSpace } from "../ffi/file_space.ts";
import type { SpaceWish } from "../queue/task_model.ts";
import { DownloadError } from "./download_error.ts";
import { PartFile, type PartTarget } from "./part_file.ts";
import { pathBelow } from "./path_below.ts";
import type { ByteRange } from "./segment_plan.ts";
import { SpaceLine } from "./space_line.ts";
import { spaceTurn, type SpaceWaiter } from "./space_turn.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** So much stays free for lines of the manifest, states of unfinished files and names. */
const MARGIN = 64 * 1024;
/** The same, in files. */
const FILES_MARGIN = 4;
/** Up to this, a file that comes for the first time is not worth a reservation: it is written in a moment, or given up whole. */
const SMALL = 1024 * 1024;
/**
 * What is not more than this part of the free space, together with all that is on its way so, is not reserved: that costs a file
 * system in memory as much as to write it. So as many processes may do that side by side.
 */
const PLENTY = 8;
/** How often a file of unknown length says that it is on its way. */
const ON_ITS_WAY_MS = 5000;
const BLOCK = 512;
const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** A file that waits for space, and where it is. */
export type WaitingFile = Pick<PartTarget, "root" | "out" | "tag" | "url" | "bootId">;

/**
 * The space of the disk under a download folder. A file of which the length is known gets its space before its first byte, and
 * unless there is plenty, from the file system itself: no other process can take it then, and none has to be told. Who waits for space looks for it before
 * any server is asked.
 */
export class DiskSpace implements Disposable {
  readonly #root: string;
  readonly #workers: number;
  readonly #space: FileSpace;
  readonly #line: SpaceLine;
  readonly #waiting = new Set<string>();
  readonly #onTheirWay = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #prepared = false;
  /** What is on its way without a reservation. */
  readonly #unreserved = new Set<{ part: PartFile; length: number }>();

  /**
   * @param root The download folder.
   * @param space What reserves it, of this thread; it is disposed of with this one.
   * @param workers How many workers of this process share it. Default 1.
   */
  constructor(root: string, space: FileSpace, workers = 1) {
    this.#root = root;
    this.#workers = workers;
    this.#space = space;
    this.#line = new SpaceLine(root);
  }

  /**
   * Looks whether a file may go on that found the disk full.
   *
   * @param file The file.
   * @param wish The space that it takes.
   * @returns Why it may not; undefined if it may.
   */
  refuse(file: WaitingFile, wish: SpaceWish): DownloadError | undefined {
    const free = this.#free();
    if (free === undefined) return undefined;
    const own = this.#waiter(file, wish);
    if (free.files < FILES_MARGIN) return noSpace(file.out, wish, `${free.files} files are free`);
    const room = free.bytes - MARGIN;
    const alone = own.held === 0 && !own.atLeast && own.missing <= SMALL;
    const turn = alone ? own.missing <= room ? "go" : "wait" : spaceTurn(own, this.#join(own), room);
    if (turn === "go") {
      if (own.atLeast) this.#set(own.id, true);
      return undefined;
    }
    if (turn === "give back" && giveBack(file)) this.#join(this.#waiter(file, wish));
    return noSpace(file.out, wish, `${free.bytes} bytes are free`);
  }

  /** A file has found the disk full: others are to know before it looks again. */
  wait(file: WaitingFile, wish: SpaceWish): void {
    const own = this.#waiter(file, wish);
    this.#set(own.id, false);
    if (own.held > 0 || own.atLeast || own.missing > SMALL) this.#join(own);
  }

  /** A file that waited does so no more. */
  leave({ out }: Pick<WaitingFile, "out">): void {
    const id = this.#line.idOf(out);
    this.#set(id, false);
    this.#waiting.delete(id);
    this.#line.leave(id);
  }

  /** True if a file of that length gets its space before its first byte. */
  reserves(length: number, waited: boolean): boolean {
    return length > SMALL || waited;
  }

  /**
   * Sees to the space of what is missing of an unfinished file: it is reserved, unless there is plenty; what was reserved is given
   * back when the file is left unfinished.
   *
   * @param part The file, ready to be written.
   * @param out Its name, for the error.
   * @param length How long it will be.
   * @param missing What is missing of it.
   * @param waited It found the disk full before: it may be a quota that refuses, of which the free space says nothing.
   * @returns To be disposed of when nothing more is written.
   * @throws {DownloadError} If the disk has not so much.
   */
  async reserve(
    part: PartFile,
    out: string,
    length: number,
    missing: readonly ByteRange[],
    waited: boolean,
  ): Promise<Disposable> {
    if (!this.#prepared) this.#prepare();
    const bytes = missing.reduce((sum, [from, to]) => sum + to - from, 0);
    const free = this.#free()?.bytes ?? Infinity;
    let promised = 0;
    for (const { part, length } of this.#unreserved) promised += length - part.bytes;
    if (free - MARGIN - promised < bytes) throw noSpace(out, { bytes: length }, `${free} bytes are free`, promised);
    if (waited || (promised + bytes) * PLENTY * this.#workers > free) {
      part.onLeft = () => this.#release(part, length);
      const reserved = await this.#space.reserve(part.path, missing);
      if (reserved === "full") throw noSpace(out, { bytes: length }, "the disk or the quota refuses so much");
      if (reserved === "reserved") return NOTHING;
    }
    const entry = { part, length };
    this.#unreserved.add(entry);
    return { [Symbol.dispose]: () => void this.#unreserved.delete(entry) };
  }

  /** Gives back what was reserved for a file that is left unfinished, under its lock. */
  #release(part: PartFile, length: number): void {
    const { holes } = part;
    try {
      if (holes === undefined) Deno.truncateSync(part.path, Math.min(part.bytes, length));
      else this.#space.release(part.path, holes);
    } catch {
      // Its disk may be gone.
    }
  }

  /** While there is space: a full disk may have none for a folder. */
  #prepare(): void {
    this.#prepared = true;
    try {
      this.#line.prepare();
    } catch {
      // Whoever waits then does so alone.
    }
  }

  #waiter({ root, out }: WaitingFile, { bytes, atLeast }: SpaceWish): SpaceWaiter {
    const held = heldBytes(unfinishedPath(pathBelow(root, out)));
    return { id: this.#line.idOf(out), missing: Math.max(0, bytes - held), held, atLeast: atLeast === true };
  }

  #join(own: SpaceWaiter): SpaceWaiter[] {
    this.#waiting.add(own.id);
    return this.#line.join(own);
  }

  #set(id: string, onItsWay: boolean): void {
    if (onItsWay) this.#onTheirWay.add(id);
    else this.#onTheirWay.delete(id);
    if (this.#onTheirWay.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setInterval(() => this.#onTheirWay.forEach((each) => this.#line.refresh(each)), ON_ITS_WAY_MS);
    }
  }

  #free(): FreeSpace | undefined {
    const free = this.#space.free(this.#root);
    if (free !== undefined) return free;
    try {
      const { bavail, bsize } = builtinModule("node:fs").statfsSync(this.#root);
      return { bytes: Number(bavail) * Number(bsize), files: Infinity };
    } catch {
      // The folder may be gone with its disk: what is written there will say so.
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    // Whoever looks after these files from now on says so itself.
    for (const id of this.#waiting) this.#line.leave(id);
    this.#space[Symbol.dispose]();
  }
}

/** The space that an unfinished file has, if it can be continued. */
function heldBytes(path: string): number {
  try {
    if (!fileExists(`${path}-info`)) return 0;
    const { blocks, size } = Deno.lstatSync(path);
    return blocks === null ? size : blocks * BLOCK;
  } catch {
    return 0;
  }
}

/** Removes what there is of a file; false if somebody writes it. */
function giveBack(file: WaitingFile): boolean {
  try {
    using part = PartFile.open(file);
    part.discard();
    return part.left !== undefined;
  } catch {
    // The disk does not let it be looked at: the next look tries again.
    return false;
  }
}

function noSpace(out: string, space: SpaceWish, detail: string, promised = 0): DownloadError {
  const wish = `${space.atLeast ? "more than " : ""}${space.bytes} bytes`;
  const others = promised > 0 ? `, and ${promised} of them are for files on their way` : "";
  return new DownloadError("disk", `${out}: No space left for its ${wish}: ${detail}${others}`, {
    retryable: true,
    full: true,
    space,
  });
}
