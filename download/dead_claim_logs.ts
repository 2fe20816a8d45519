import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { procIdentity, procIsAlive } from "../ffi/proc_identity.ts";
import { claimLogFolder, type ClaimLogHead, type ClaimLogLine, type OpenClaim } from "./claim_log.ts";
import { closeLocked } from "./close_locked.ts";

/** The log of a dead owner, in our hands: nobody else clears up after that owner meanwhile. */
export interface DeadClaimLog extends Disposable {
  /** Whose it was. */
  head: ClaimLogHead;
  /** What was open. */
  claims: OpenClaim[];
  /** Everything is cleared up: removes the log. */
  remove(): void;
}

/** Another process that clears up is waited for so long. */
const WAIT_MS = 10_000;
const LOOK_MS = 20;
/** A log that never came to say whose it is, is in the way after this. */
const NAMELESS_MS = 60_000;

/**
 * Finds the logs of owners that are certainly dead, and takes them in hand one after the other. Where another process
 * is at one of them, it waits until that has been cleared up.
 *
 * @param root The download folder.
 * @param own An owner of this process that has ended.
 */
export async function* deadClaimLogs(root: string, own?: string): AsyncGenerator<DeadClaimLog, void, void> {
  for (const path of await logPaths(root)) {
    using log = await takeInHand(path, own);
    if (log !== undefined) yield log;
  }
}

/**
 * The paths that the logs of a download folder name, of living owners and of dead ones.
 *
 * @param root The download folder.
 * @throws {Error} If a log cannot be read.
 */
export async function claimedOuts(root: string): Promise<Set<string>> {
  const outs = new Set<string>();
  const read = new Set<string>();
  // An owner whose log is full writes another one, and removes the first: what was gone may stand in one that is new.
  for (let gone = true; gone;) {
    gone = false;
    for (const path of await logPaths(root)) {
      if (read.has(path)) continue;
      read.add(path);
      try {
        for (const { out } of claimsOf(await Deno.readTextFile(path))) outs.add(out);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        gone = true;
      }
    }
  }
  return outs;
}

async function logPaths(root: string): Promise<string[]> {
  const folder = claimLogFolder(root);
  const paths: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.endsWith(".jsonl")) paths.push(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return paths.sort();
}

async function takeInHand(path: string, own: string | undefined): Promise<DeadClaimLog | undefined> {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  const close = () => closeLocked(file);
  try {
    const head = parseHead(readText(file).split("\n", 1)[0]!);
    const free = await lock(file, path, head === undefined ? false : procIsAlive(head) === false);
    if (!free || !isAt(file, path) || (head?.owner !== own && !isDead(head, file))) {
      close();
      return undefined;
    }
    // Read again, now that nobody writes any more.
    const claims = head === undefined ? [] : claimsOf(readText(file));
    const remove = () => Deno.removeSync(path);
    if (head === undefined) {
      remove();
      close();
      return undefined;
    }
    return { head, claims, remove, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Its lock is free, which every writer keeps until its end: that counts where a process cannot be looked at. */
function isDead(head: ClaimLogHead | undefined, file: Deno.FsFile): boolean {
  if (head === undefined) return Date.now() - (file.statSync().mtime?.getTime() ?? Infinity) > NAMELESS_MS;
  const alive = procIsAlive(head);
  if (alive !== undefined) return !alive;
  // Another container of this machine, or a system that tells nothing of processes; of other machines nothing is known.
  return head.bootId === "" ? head.host === Deno.hostname() : head.bootId === procIdentity().bootId;
}

async function lock(file: Deno.FsFile, path: string, wait: boolean): Promise<boolean> {
  const end = performance.now() + WAIT_MS;
  while (!file.tryLockSync(true)) {
    if (!wait || performance.now() > end || !isAt(file, path)) return false;
    await delay(LOOK_MS);
  }
  return true;
}

/** The log, open; undefined if it is gone, or another user's. */
function openIfThere(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

function readText(file: Deno.FsFile): string {
  const bytes = new Uint8Array(file.statSync().size);
  file.seekSync(0, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, filled));
}

function isAt(file: Deno.FsFile, path: string): boolean {
  try {
    const [named, opened] = [Deno.lstatSync(path), file.statSync()];
    return named.ino === opened.ino && named.dev === opened.dev;
  } catch {
    return false;
  }
}

function parseHead(text: string): ClaimLogHead | undefined {
  const head = parse(text) as Partial<ClaimLogHead> | undefined;
  if (typeof head?.owner !== "string" || typeof head.host !== "string" || typeof head.bootId !== "string") {
    return undefined;
  }
  return typeof head.pid === "number" && typeof head.startTime === "string" ? head as ClaimLogHead : undefined;
}

function claimsOf(text: string): OpenClaim[] {
  const claims: OpenClaim[] = [];
  // The last line is torn where a crash came in between; none of its tasks had begun then.
  for (const line of text.split("\n").slice(1, -1)) {
    const value = parse(line);
    if (!Array.isArray(value)) continue;
    const [worker, byFence] = value as ClaimLogLine;
    for (const [fence, outs] of Object.entries(byFence)) {
      for (const out of outs) claims.push({ worker, fence, out });
    }
  }
  return claims;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
