import { existsSync } from "node:fs";
import { dirname } from "@std/path";
import { DownloadError, StoppedError } from "./download_error.ts";
import type { FinalNames } from "./final_names.ts";
import { pathBelow } from "./path_below.ts";
import { decodePartState, encodePartState, type PartState } from "./part_state.ts";
import { PART_SUFFIX } from "./task_names.ts";

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
  /** Replace a file that has the name. Default false. */
  replace?: boolean;
}

/** Beside the unfinished file: what is known of it. */
const STATE_SUFFIX = `${PART_SUFFIX}-info`;
/** A file that is written for a long time is brought to the disk now and then, so that not all of it can be lost. */
const SYNC_EVERY = 64 * 1024 * 1024;

/**
 * An unfinished file: `<out>.part`, held by an exclusive lock as long as it is written. A writer that was frozen keeps
 * its lock, so nobody else writes into what it will continue; whoever finds the lock taken writes a file of its own.
 * It becomes the finished file by one rename, and never over a file that is there already. If its version is known for
 * certain, it stays when the download ends early, and the next one goes on where it ended.
 */
export class PartFile implements Disposable {
  /** The unfinished file. */
  readonly path: string;
  /** The finished file. */
  readonly finalPath: string;
  readonly #file: Deno.FsFile;
  readonly #target: PartTarget;
  /** Another writer has the usual name: this file is for now only, and has no state. */
  readonly #alone: boolean;
  readonly #size: number;
  #left: { state: PartState; bytes: number } | undefined;
  #state: PartState | undefined;
  #over = false;
  #bytes = 0;
  #syncing: Promise<void> | undefined;

  private constructor(target: PartTarget, path: string, finalPath: string, file: Deno.FsFile, alone: boolean) {
    this.#target = target;
    this.path = path;
    this.finalPath = finalPath;
    this.#file = file;
    this.#alone = alone;
    // What is empty has nothing to continue: most files are new, and a look for what is not there costs.
    this.#size = file.statSync().size;
    if (!alone && this.#size > 0) this.#left = this.#readLeft();
  }

  /** True if an earlier download of this file left something that could be continued. Costs a look at the disk. */
  static isLeft({ root, out }: PartTarget): boolean {
    return existsSync(pathBelow(root, out) + STATE_SUFFIX);
  }

  /** The url of what an earlier download left under a path, without userinfo. */
  static urlLeft(root: string, out: string): string | undefined {
    return readState(pathBelow(root, out) + STATE_SUFFIX)?.url;
  }

  /**
   * Opens the unfinished file and locks it. It keeps its content until {@linkcode PartFile.begin}.
   *
   * @throws {DownloadError} If the disk refuses it, or a link leads out of the download folder.
   */
  static open(target: PartTarget): PartFile {
    const finalPath = pathBelow(target.root, target.out);
    try {
      if (target.out.includes("/")) prepareFolder(target.root, finalPath);
      const plain = finalPath + PART_SUFFIX;
      const file = openLocked(plain);
      if (file !== undefined) return new PartFile(target, plain, finalPath, file, false);
      const own = `${plain}-${target.tag}`;
      const ownFile = openLocked(own);
      if (ownFile !== undefined) return new PartFile(target, own, finalPath, ownFile, true);
    } catch (error) {
      throw diskError(error, target.out);
    }
    throw new DownloadError("disk", `${target.out}: its unfinished file is locked by another writer`, {
      retryable: true,
    });
  }

  /** What an earlier download left: which version, and how many bytes of it are certain. */
  get left(): { state: PartState; bytes: number } | undefined {
    return this.#left;
  }

  /** Bytes of the file that are there, from its beginning. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The inode, or 0 where there is none. */
  get inode(): number {
    return this.#file.statSync().ino ?? 0;
  }

  /**
   * Makes it ready to be written.
   *
   * @param from Keep so many bytes of what was left; 0 starts over.
   * @param state The version that is written now; absent: it cannot be continued later.
   */
  begin(from: number, state?: PartState): void {
    try {
      if (this.#size > from) this.#file.truncateSync(from);
      if (from > 0) this.#file.seekSync(from, Deno.SeekMode.Start);
      this.#bytes = from;
      this.#left = undefined;
      // What is kept was written in this boot, or synced in an earlier one.
      const { bootId } = this.#target;
      this.#state = this.#alone || state === undefined
        ? undefined
        : { ...state, bootId, synced: Math.min(state.synced, from) };
      // Before the first byte: a state that outlived its bytes must not be taken for that of others.
      if (this.#state !== undefined) this.#writeState(this.#state);
      else if (!this.#alone && existsSync(this.#statePath)) Deno.removeSync(this.#statePath);
    } catch (error) {
      throw diskError(error, this.path);
    }
  }

  /** Appends bytes. */
  write(bytes: Uint8Array): void {
    try {
      for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
    } catch (error) {
      throw diskError(error, this.path);
    }
    this.#bytes += bytes.length;
    if (this.#state !== undefined && this.#bytes - this.#state.synced >= SYNC_EVERY) this.#sync(this.#state);
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
      this.discard();
      if (error instanceof Deno.errors.AlreadyExists) throw new FileExistsError(this.finalPath);
      throw diskError(error, this.finalPath);
    }
    this.#over = true;
    if (this.#state !== undefined) remove(this.#statePath);
  }

  /** Throws away what was written. */
  discard(): void {
    if (this.#over) return;
    this.#over = true;
    remove(this.path);
    if (this.#state !== undefined || this.#left !== undefined) remove(this.#statePath);
  }

  /** Brings all that was written to the disk. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw diskError(error, this.path);
    }
  }

  /** Brings the final name to the disk, where the system can do that. */
  async syncFolder(): Promise<void> {
    if (Deno.build.os === "windows") return;
    const folder = dirname(this.finalPath);
    try {
      using handle = await Deno.open(folder, { read: true });
      await handle.sync();
    } catch (error) {
      throw diskError(error, folder);
    }
  }

  /** Resolves when nothing is under way any more; before it is disposed of. */
  async settled(): Promise<void> {
    await this.#syncing;
  }

  /** Lets go of the file; what cannot be continued is removed. */
  [Symbol.dispose](): void {
    const continuable = this.#left !== undefined || (this.#state !== undefined && this.#bytes > 0);
    // Another writer may have finished the file in the meantime.
    const overtaken = this.#target.replace !== true && existsSync(this.finalPath);
    if (!continuable || overtaken) this.discard();
    this.#file.close();
  }

  get #statePath(): string {
    return this.finalPath + STATE_SUFFIX;
  }

  #readLeft(): { state: PartState; bytes: number } | undefined {
    const state = readState(this.#statePath);
    if (state === undefined || state.url !== this.#target.url) return undefined;
    // A file is only ever written at its end, so its size is what is there. After another boot that is not certain.
    const size = this.#size;
    const sameBoot = state.bootId !== "" && state.bootId === this.#target.bootId;
    const bytes = sameBoot ? size : Math.min(size, state.synced);
    return bytes > 0 && bytes <= state.length ? { state, bytes } : undefined;
  }

  /** By a rename, so that a crash leaves the old one or the new one. */
  #writeState(state: PartState): void {
    const fresh = `${this.#statePath}-${this.#target.tag}`;
    try {
      Deno.writeTextFileSync(fresh, encodePartState(state), { createNew: true });
      Deno.renameSync(fresh, this.#statePath);
    } catch (error) {
      remove(fresh);
      throw error;
    }
  }

  #sync(state: PartState): void {
    const bytes = this.#bytes;
    this.#syncing ??= this.#file.syncData().then(() => {
      state.synced = bytes;
      if (!this.#over && this.#state === state) this.#writeState(state);
    }).catch(() => {
      // The disk's trouble shows at the next write; only the mark is missing.
    }).finally(() => this.#syncing = undefined);
  }
}

/** A file is there that is not ours, or not known to be. */
export class FileExistsError extends DownloadError {
  /** Where it is. */
  readonly path: string;

  /** @param path Where it is. */
  constructor(path: string) {
    super("disk", `${path}: a file that Corehaul did not write is there already`, { retryable: false });
    this.path = path;
  }
}

/** What a state file says; nothing if it is not there, or is none. */
function readState(path: string): PartState | undefined {
  try {
    return isPlanted(path) ? undefined : decodePartState(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}

/** Opens a file that no one else holds; `undefined` if someone does. */
function openLocked(path: string): Deno.FsFile | undefined {
  const file = createOrOpen(path);
  let shared = false;
  try {
    // The holder before may have renamed the file away between the open and the lock.
    if (file.tryLockSync(true) && sameFile(file.statSync(), path)) {
      shared = (file.statSync().nlink ?? 1) > 1;
      if (!shared) return file;
      // A crash came between its two names: what it holds is a finished file, wherever that is now.
      Deno.removeSync(path);
    }
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return shared ? openLocked(path) : undefined;
}

function createOrOpen(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // A link that was planted under this name must not be followed, and a pipe would hold up the whole thread.
    if (isPlanted(path)) Deno.removeSync(path);
    return Deno.openSync(path, { read: true, write: true, create: true });
  }
}

function sameFile(info: Deno.FileInfo, path: string): boolean {
  try {
    const named = Deno.lstatSync(path);
    return named.ino === info.ino && named.dev === info.dev;
  } catch {
    return false;
  }
}

/** True for links, pipes, sockets and devices: what nobody unpacks or stores by accident. */
function isPlanted(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.lstatSync(path);
    return !isFile && !isDirectory;
  } catch {
    return false;
  }
}

/** Makes the folder of a file; throws if a link leads out of the download folder, and makes nothing there. */
export function prepareFolder(root: string, finalPath: string): void {
  const folder = dirname(finalPath);
  if (isInside(root, folder, finalPath)) return;
  let above = dirname(folder);
  while (!isInside(root, above, finalPath)) above = dirname(above);
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new DownloadError("disk", `${folder}: a file stands where the folder must be`, { retryable: false });
  }
}

/** True if a folder is in the download folder, false if it is not there; throws if it is elsewhere. */
function isInside(root: string, folder: string, finalPath: string): boolean {
  let real: string;
  try {
    real = Deno.realPathSync(folder);
  } catch (error) {
    // The download folder itself may be gone: then all of it is made anew.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return folder === root;
    throw error;
  }
  if (real === folder || real === root || real.startsWith(`${root}/`)) return true;
  throw new DownloadError("name", `${finalPath}: a link leads out of the download folder`);
}

/** What the file system threw, as an error of the task. */
export function diskError(error: unknown, path: string): Error {
  if (error instanceof DownloadError || error instanceof StoppedError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const full = /os error (28|122)\)|no space left|quota exceeded/i.test(text);
  // Space and descriptors come back; a folder that may not be written, or that is a file, does not by itself.
  const lasting = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.NotCapable || /read-only file system|is a directory|file name too long/i.test(text);
  return new DownloadError("disk", `${path}: ${text}`, { cause: error, retryable: !lasting, full });
}

/** Removes a file that may be gone already, with its folder even. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There is nothing left to remove.
  }
}
