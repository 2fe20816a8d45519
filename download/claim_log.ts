import { join } from "@std/path";
import { PRIVATE_FILE } from "../base/private_mode.ts";
import type { ProcIdentity } from "../ffi/proc_identity.ts";
import { closeLocked } from "./close_locked.ts";
import { makeStateFolder } from "./state_folder.ts";
import { STATE_FOLDER } from "./task_names.ts";

/** What a worker has in its hands. */
export interface OpenClaim {
  /** Which worker of the owner. */
  worker: number;
  /** The proof of the claim. */
  fence: string;
  /** Where its file goes, relative to the download folder. */
  out: string;
}

/** The first line of a log: whose it is. */
export interface ClaimLogHead extends ProcIdentity {
  /** The name of the owner. */
  owner: string;
}

/** A line: a worker, and by their claims the paths of what it may begin from now on. */
export type ClaimLogLine = [worker: number, claims: Record<string, string[]>];

const encoder = new TextEncoder();
const RUNNING = "running";
/** A log of this size is followed by one that holds only what is still open. */
const FULL_BYTES = 1024 * 1024;

/** Where the logs of a download folder are. */
export function claimLogFolder(root: string): string {
  return join(root, STATE_FOLDER, RUNNING);
}

/**
 * What an owner's workers have in their hands, in a file below `DIR/.corehaul/running` which is there only as long as
 * the owner is, and is locked by it. If it is there and not locked, its owner died: what it says is all that can be left
 * of its work in the folder, finished or not, so that nobody has to search for it.
 *
 * Claims are noted before their tasks are handed to a worker, many in one write.
 */
export class ClaimLog implements Disposable {
  readonly #root: string;
  readonly #head: ClaimLogHead;
  readonly #open: () => Iterable<OpenClaim>;
  readonly #fullBytes: number;
  #current: { file: Deno.FsFile; path: string; bytes: number } | undefined;
  #part = 0;

  /**
   * @param root The download folder.
   * @param head Whose log it is.
   * @param open What is open now.
   * @param fullBytes From this size on it is written anew. Default 1 MiB.
   */
  constructor(root: string, head: ClaimLogHead, open: () => Iterable<OpenClaim>, fullBytes = FULL_BYTES) {
    this.#root = root;
    this.#head = head;
    this.#open = open;
    this.#fullBytes = fullBytes;
  }

  /** Where it is; undefined before the first claim. */
  get path(): string | undefined {
    return this.#current?.path;
  }

  /**
   * Notes claims; must return before any of their tasks begins. They must be among those that are open.
   *
   * @throws If the disk refuses it; what is written next makes up for it.
   */
  add(claims: readonly OpenClaim[]): void {
    if (claims.length === 0) return;
    const current = this.#current;
    if (current !== undefined && current.bytes < this.#fullBytes) {
      const { bytes } = current;
      // A line that was broken off would spoil the one behind it.
      current.bytes = Infinity;
      current.bytes = bytes + write(current.file, encodeClaims(claims));
      return;
    }
    this.#begin();
    if (current === undefined) return;
    remove(current.path);
    closeLocked(current.file);
  }

  /** Begins a file with all that is open. */
  #begin(): void {
    const path = join(makeStateFolder(this.#root, RUNNING), `${this.#head.owner}.${++this.#part}.jsonl`);
    const file = Deno.openSync(path, { read: true, append: true, createNew: true, mode: PRIVATE_FILE });
    try {
      // Nobody else may take it for a dead one's: until it says whose it is, nobody touches it.
      file.lockSync(true);
      const bytes = write(file, `${JSON.stringify(this.#head)}\n${encodeClaims(this.#open())}`);
      this.#current = { file, path, bytes };
    } catch (error) {
      remove(path);
      closeLocked(file);
      throw error;
    }
  }

  /** Lets go of the file, and leaves it for whoever clears up after the owner. */
  leave(): void {
    if (this.#current !== undefined) closeLocked(this.#current.file);
    this.#current = undefined;
  }

  /** Everything that was claimed has ended well: nothing is left to be looked for. */
  [Symbol.dispose](): void {
    if (this.#current === undefined) return;
    remove(this.#current.path);
    this.leave();
  }
}

function encodeClaims(claims: Iterable<OpenClaim>): string {
  const byWorker = new Map<number, Record<string, string[]>>();
  for (const { worker, fence, out } of claims) {
    let byFence = byWorker.get(worker);
    if (byFence === undefined) byWorker.set(worker, byFence = {});
    (byFence[fence] ??= []).push(out);
  }
  let text = "";
  for (const line of byWorker) text += JSON.stringify(line satisfies ClaimLogLine) + "\n";
  return text;
}

/** Somebody may have removed the whole folder meanwhile. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function write(file: Deno.FsFile, text: string): number {
  const bytes = encoder.encode(text);
  for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
  return bytes.length;
}
