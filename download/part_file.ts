import { fileExists } from "../base/file_exists.ts";
import { PRIVATE_FILE } from "../base/private_mode.ts";
import { bytesLeft } from "./bytes_left.ts";
import { closeLocked } from "./close_locked.ts";
import { diskError } from "./disk_error.ts";
import { DownloadError } from "./download_error.ts";
import { FileExistsError } from "./file_exists_error.ts";
import type { Replaceable } from "./file_mark.ts";
import type { FinalNames } from "./final_names.ts";
import { isForbidden } from "./forbidden.ts";
import { inodeAt } from "./inode_at.ts";
import { type LockedFile, openLocked } from "./open_locked.ts";
import { pathBelow } from "./path_below.ts";
import { readState } from "./read_state.ts";
import { removeOutdated } from "./remove_outdated.ts";
import { encodePartState, type PartState } from "./part_state.ts";
import { type ByteRange, bytesIn, gapsIn } from "./segment_plan.ts";
import { prepareFolder } from "./prepare_folder.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** Where a file goes, and where it comes from. */
export interface PartTarget {
  /** The download folder, as the system resolves it. */
  root: string;
  /** The path below it. */
  out: string;
  /** What makes the name of an unfinished file nobody else's: the writer and its claim. */
  tag: string;
  /** The url of the task, without userinfo: what was left of another one is not continued. */
  url: string;
  /** This boot of the machine. */
  bootId: string;
  /** What that has the name may be replaced. Default: nothing. */
  replace?: Replaceable;
  /** Other urls that bring the same file: what one of them left is not removed as long as no byte takes its place. */
  others?: readonly string[];
}

/** What an earlier download left, as far as it is certain. */
export interface PartLeft {
  /** Which version it is. */
  state: PartState;
  /** How many bytes of it are there. */
  bytes: number;
  /** Which ones, if it was written in pieces; absent: those from the beginning. */
  pieces?: readonly ByteRange[];
}

/** Beside the unfinished file: what is known of it. */
const STATE_SUFFIX = "-info";
/** A file that is written for a long time is brought to the disk now and then, so that not all of it can be lost. */
const SYNC_EVERY = 64 * 1024 * 1024;

/**
 * An unfinished file: `OUT.part`, or what {@linkcode unfinishedPath} calls it, held by an exclusive lock as long as it is
 * written. A writer that was frozen keeps its lock, so nobody else writes into what it will continue; whoever finds the lock taken writes a file of its own.
 * It becomes the finished file by one rename, and never over a file that is there already. If its version is known for
 * certain, it stays when the download ends early, and the next one goes on where it ended.
 */
export class PartFile implements Disposable {
  /** The unfinished file. */
  readonly path: string;
  /** The finished file. */
  readonly finalPath: string;
  /** The inode, or 0 where there is none. */
  readonly inode: number;
  /** Called when it is left unfinished, while it is still locked; it throws nothing. */
  onLeft: () => void = () => {};
  readonly #file: Deno.FsFile;
  readonly #target: PartTarget;
  /** Another writer has the usual name: this file is for now only, and has no state. */
  readonly #alone: boolean;
  readonly #size: number;
  /** The file that may be replaced, by its inode. */
  readonly #replaced: number | undefined;
  #left: PartLeft | undefined;
  /** Whose state is there. */
  #stateUrl: string | undefined;
  #begun = false;
  #state: PartState | undefined;
  #over = false;
  #bytes = 0;
  /** Where the next byte goes. */
  #position = 0;
  /** Written in pieces, and not known to be on the disk. */
  #unsynced = 0;
  #syncing: Promise<void> | undefined;

  private constructor(target: PartTarget, path: string, finalPath: string, { file, info }: LockedFile, alone: boolean) {
    this.#target = target;
    this.path = path;
    this.finalPath = finalPath;
    this.#file = file;
    this.#alone = alone;
    // What is empty has nothing to continue: most files are new, and a look for what is not there costs.
    this.#size = info.size;
    this.inode = info.ino ?? 0;
    this.#replaced = (target.replace ?? false) === false ? undefined : inodeAt(finalPath);
    if (!alone && this.#size > 0) this.#left = this.#readLeft();
  }

  /** True if an earlier download of this file left something that could be continued. Costs a look at the disk. */
  static isLeft({ root, out }: PartTarget): boolean {
    return fileExists(unfinishedPath(pathBelow(root, out)) + STATE_SUFFIX);
  }

  /** The url of what an earlier download left under a path, without userinfo. */
  static urlLeft(root: string, out: string): string | undefined {
    return readState(unfinishedPath(pathBelow(root, out)) + STATE_SUFFIX)?.url;
  }

  /**
   * Opens the unfinished file and locks it. It keeps its content until {@linkcode PartFile.begin}.
   *
   * @throws {DownloadError} If the disk refuses it, or a link leads out of the download folder.
   */
  static open(target: PartTarget): PartFile {
    const plain = unfinishedPath(pathBelow(target.root, target.out));
    return PartFile.#open(target, [plain, `${plain}-${target.tag}`]);
  }

  /**
   * Opens another unfinished file beside the one of a target, for its claim alone: it is never continued.
   *
   * @throws {DownloadError} If the disk refuses it.
   */
  static beside(target: PartTarget): PartFile {
    const own = `${unfinishedPath(pathBelow(target.root, target.out))}-${target.tag}`;
    return PartFile.#open(target, [own, `${own}-2`]);
  }

  /** Opens the first of some files that nobody holds. */
  static #open(target: PartTarget, paths: readonly string[]): PartFile {
    const finalPath = pathBelow(target.root, target.out);
    try {
      if (target.out.includes("/")) prepareFolder(target.root, finalPath);
      for (const path of paths) {
        const locked = openLocked(path);
        if (locked !== undefined) {
          return new PartFile(target, path, finalPath, locked, path !== unfinishedPath(finalPath));
        }
      }
    } catch (error) {
      throw diskError(error, target.out);
    }
    throw new DownloadError("disk", `${target.out}: its unfinished file is locked by another writer`, {
      retryable: true,
    });
  }

  /** Bytes that a later download could continue. */
  get continuable(): number {
    return this.#state === undefined ? this.#left?.bytes ?? 0 : this.#bytes;
  }

  /** What an earlier download left: which version, and how many bytes of it are certain. */
  get left(): PartLeft | undefined {
    return this.#left;
  }

  /** True if these are the bytes of another source of the file, none of which was touched. */
  get isOthers(): boolean {
    return !this.#begun && this.#stateUrl !== undefined && this.#target.others?.includes(this.#stateUrl) === true;
  }

  /** What is not there, of a file that is written in pieces. */
  get holes(): ByteRange[] | undefined {
    return this.#state?.pieces && gapsIn(this.#state.length, this.#state.pieces.written);
  }

  /** Bytes of the file that are there; from its beginning, unless it is written in pieces. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Makes it ready to be written.
   *
   * @param from Keep so many bytes of what was left; 0 starts over.
   * @param state The version that is written now; absent: it cannot be continued later.
   */
  begin(from: number, state?: PartState): void {
    this.#begun = true;
    try {
      if (this.#size > from) this.#file.truncateSync(from);
      if (from > 0) this.#file.seekSync(from, Deno.SeekMode.Start);
      this.#bytes = from;
      this.#left = undefined;
      // What is kept was written in this boot, or synced in an earlier one.
      const { bootId } = this.#target;
      if (this.#alone || state === undefined) this.#state = undefined;
      else {
        const { pieces: _, ...whole } = state;
        this.#state = { ...whole, bootId, synced: Math.min(state.synced, from) };
      }
      // Before the first byte: a state that outlived its bytes must not be taken for that of others.
      if (this.#state !== undefined) this.#writeState(this.#state);
      else if (!this.#alone && fileExists(this.#statePath)) {
        Deno.removeSync(this.#statePath);
      }
    } catch (error) {
      throw diskError(error, this.path);
    }
  }

  /**
   * Makes it ready to be written in pieces, in any order, and gives it its size.
   *
   * @param state The version that is written now.
   * @param kept What is kept of what was left.
   */
  beginPieces(state: PartState, kept: readonly ByteRange[]): void {
    this.#begun = true;
    try {
      const before = state.pieces?.synced ?? (state.synced > 0 ? [[0, state.synced] as const] : []);
      const synced = kept.length === 0 ? [] : before;
      // Bytes of another version go before the state speaks of this one, and the size grows after it: at no moment could
      // a state be read together with bytes that it does not mean.
      if (kept.length === 0 && this.#size > 0) this.#file.truncateSync(0);
      this.#left = undefined;
      this.#bytes = bytesIn(kept);
      this.#position = -1;
      this.#state = this.#alone
        ? undefined
        : { ...state, bootId: this.#target.bootId, synced: 0, pieces: { written: kept, synced } };
      if (this.#state !== undefined) this.#writeState(this.#state);
      this.#file.truncateSync(state.length);
    } catch (error) {
      throw diskError(error, this.path);
    }
  }

  /** Writes bytes at their place, after {@linkcode PartFile.beginPieces}. */
  writeAt(at: number, bytes: Uint8Array): void {
    try {
      if (at !== this.#position) this.#file.seekSync(at, Deno.SeekMode.Start);
      this.#position = -1;
      for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
    } catch (error) {
      throw diskError(error, this.path);
    }
    this.#position = at + bytes.length;
    this.#bytes += bytes.length;
    this.#unsynced += bytes.length;
  }

  /** Notes which pieces were written, so that they can be kept after a crash. Trouble with that shows at the next write. */
  notePieces(written: readonly ByteRange[]): void {
    const state = this.#state;
    if (this.#over || state?.pieces === undefined) return;
    state.pieces.written = written;
    try {
      this.#writeState(state);
    } catch {
      // The one before is true as well: it only knows of less.
      return;
    }
    if (this.#unsynced < SYNC_EVERY || this.#syncing !== undefined) return;
    this.#unsynced = 0;
    this.#sync(state, () => state.pieces!.synced = written);
  }

  /** Appends bytes. */
  write(bytes: Uint8Array): void {
    try {
      for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
    } catch (error) {
      throw diskError(error, this.path);
    }
    this.#bytes += bytes.length;
    if (this.#state !== undefined && this.#bytes - this.#state.synced >= SYNC_EVERY) this.#syncBytes(this.#state);
  }

  /**
   * Gives the file its final name; a file that has the name already stays, and this throws.
   *
   * @param names Gives it.
   * @param modified What its modification time is to be, in seconds since the epoch; absent: as it is.
   */
  finish(names: FinalNames, modified?: number): void {
    try {
      if (modified !== undefined) this.#file.utimeSync(Date.now() / 1000, modified);
      names.give(this.path, this.finalPath, this.#target.replace);
    } catch (error) {
      // What may not get its name for now is whole.
      if (!isForbidden(error)) this.discard();
      if (error instanceof Deno.errors.AlreadyExists) throw new FileExistsError(this.finalPath);
      throw diskError(error, this.finalPath);
    }
    this.#over = true;
    if (this.#state !== undefined) remove(this.#statePath);
    if (this.#alone) this.#removeOutdated();
  }

  /** Throws away what was written. */
  discard(): void {
    if (this.#over) return;
    this.#over = true;
    remove(this.path);
    if (this.#state !== undefined || this.#stateUrl !== undefined) remove(this.#statePath);
  }

  /** Brings all that was written to the disk. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw diskError(error, this.path);
    }
  }

  /** Resolves when nothing is under way any more; before it is disposed of. */
  async settled(): Promise<void> {
    await this.#syncing;
  }

  /** Lets go of the file; what cannot be continued is removed. */
  [Symbol.dispose](): void {
    if (!this.#over) {
      const continuable = this.#left !== undefined || this.isOthers || (this.#state !== undefined && this.#bytes > 0);
      if (!continuable || this.#overtaken) this.discard();
      else this.onLeft();
    }
    closeLocked(this.#file);
    // Who has finished it until now has met the lock.
    if (!this.#over && this.#overtaken) this.#removeOutdated();
  }

  #removeOutdated(): void {
    const { root, out, url, others = [] } = this.#target;
    removeOutdated(root, out, [url, ...others]);
  }

  /** True if another writer has finished the file in the meantime. */
  get #overtaken(): boolean {
    if (this.#over) return false;
    const inode = inodeAt(this.finalPath);
    return inode !== undefined && inode !== this.#replaced;
  }

  get #statePath(): string {
    return unfinishedPath(this.finalPath) + STATE_SUFFIX;
  }

  #readLeft(): PartLeft | undefined {
    const state = readState(this.#statePath);
    this.#stateUrl = state?.url;
    if (state === undefined || state.url !== this.#target.url) return undefined;
    const { bootId } = this.#target;
    const bytes = bytesLeft(state, this.#size, bootId);
    if (bytes === 0) return undefined;
    if (state.pieces === undefined) return { state, bytes };
    const sameBoot = state.bootId !== "" && state.bootId === bootId;
    return { state, bytes, pieces: sameBoot ? state.pieces.written : state.pieces.synced };
  }

  /** By a rename, so that a crash leaves the old one or the new one. */
  #writeState(state: PartState): void {
    const fresh = `${this.#statePath}-${this.#target.tag}`;
    try {
      Deno.writeTextFileSync(fresh, encodePartState(state), { createNew: true, mode: PRIVATE_FILE });
      Deno.renameSync(fresh, this.#statePath);
    } catch (error) {
      remove(fresh);
      throw error;
    }
  }

  #syncBytes(state: PartState): void {
    const bytes = this.#bytes;
    if (this.#syncing === undefined) this.#sync(state, () => state.synced = bytes);
  }

  /** Brings what was written to the disk, and then lets the state say so. */
  #sync(state: PartState, note: () => void): void {
    this.#syncing = this.#file.syncData().then(() => {
      note();
      if (!this.#over && this.#state === state) this.#writeState(state);
    }).catch(() => {
      // The disk's trouble shows at the next write; only the mark is missing.
    }).finally(() => this.#syncing = undefined);
  }
}

/** Removes a file that may be gone already, with its folder even. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There is nothing left to remove.
  }
}
