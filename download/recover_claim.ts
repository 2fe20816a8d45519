import { dirname } from "@std/path";
import type { FinalNames } from "./final_names.ts";
import type { ManifestLine } from "./manifest_line.ts";
import type { FileSpace } from "../ffi/file_space.ts";
import { modifiedTime } from "./modified_time.ts";
import { PartFile } from "./part_file.ts";
import { readState } from "./read_state.ts";
import { lockLeft, lookAtLeft, removeLeft } from "./left_files.ts";
import { pathBelow } from "./path_below.ts";
import { gapsIn } from "./segment_plan.ts";
import { outProblem } from "./task_names.ts";
import { unfinishedPath } from "./unfinished_path.ts";

/** What a dead owner had begun. */
export interface LostClaim {
  /** Where its file goes, relative to the download folder. */
  out: string;
  /** The proof of the claim. */
  fence: string;
  /** The writer of its lines and of its unfinished files. */
  writer: string;
  /** Its line in the manifest, if it got that far. */
  line?: ManifestLine;
}

/** How to clear up. */
export interface RecoverClaimOptions {
  /** The download folder, resolved by the system. */
  root: string;
  /** Gives the final names. */
  names: FinalNames;
  /** Gives back what was reserved. */
  space: FileSpace;
  /** Give files the time that their server names. */
  remoteTime: boolean;
  /** False after a boot: then the bytes of a file without its final name may never have come to the disk. */
  sameBoot: boolean;
}

/** What files take, in these. */
const BLOCK = 512;
/** A file may take so much more than it has bytes, without any reservation. */
const UNWRITTEN = 64 * 1024;

/** Deno tells this time in whole seconds, rounded down. */
const CTIME_MS = 1000;

/** What became of it. */
export interface RecoveredClaim {
  /** The file has its final name, and is what its line says. */
  done: boolean;
  /** It got that name just now. */
  named: boolean;
  /** Unfinished files that were removed. */
  removed: number;
  /** Something is held by another process. */
  busy: boolean;
}

/** Times of files and of programs come from two clocks, one of which is a little behind. */
const CLOCKS_MS = 2;

/**
 * Clears up after one claim: a file that is whole by its line in the manifest gets its final name, and never over a file
 * that its owner would not have replaced; what nobody can continue is removed, and space that was reserved is given back. Of what is not certainly that owner's nothing is touched.
 */
export function recoverClaim(claim: LostClaim, options: RecoverClaimOptions): RecoveredClaim {
  const result: RecoveredClaim = { done: false, named: false, removed: 0, busy: false };
  const { out, writer, fence, line } = claim;
  const finalPath = pathBelow(options.root, out);
  if (!isBelow(options.root, out)) return result;
  const plain = unfinishedPath(finalPath);
  const own = `${plain}-${writer}-${fence}`;
  // What was decoded has the second one where what was sent has the first.
  const owns = [own, `${own}-2`];
  if (line !== undefined) {
    result.done = isLine(lookAtLeft(finalPath), line);
    if (!result.done && options.sameBoot) nameWhole(line, finalPath, [...owns, plain], options, result);
    if (result.done) removeOutlived(plain, line, options.root);
    if (result.named) removeSent(plain, line, options.root, result);
  }
  if (!result.done) releaseLeft(plain, options.space);
  for (const path of [...owns, `${plain}-info-${writer}-${fence}`]) {
    const info = lookAtLeft(path);
    if (info === undefined) continue;
    using lock = info.isFile ? lockLeft(path) : undefined;
    if (info.isFile && lock === undefined) result.busy = true;
    else if (removeLeft(path)) result.removed++;
  }
  return result;
}

/** Looks for the unfinished file of a line, and gives it its name. */
function nameWhole(
  line: ManifestLine,
  finalPath: string,
  candidates: readonly string[],
  { names, remoteTime }: RecoverClaimOptions,
  result: RecoveredClaim,
): void {
  for (const path of candidates) {
    if (!isWhole(lookAtLeft(path), line)) continue;
    using lock = lockLeft(path);
    if (lock === undefined) {
      result.busy = true;
      return;
    }
    // Whoever had the lock before may have changed it.
    if (!isWhole(lookAtLeft(path), line)) return;
    const modified = modifiedTime(line, remoteTime);
    if (modified !== undefined) Deno.utimeSync(path, Date.now() / 1000, modified);
    try {
      names.give(path, finalPath, mayReplace(lookAtLeft(finalPath), line));
      result.done = true;
      result.named = true;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (removeLeft(path)) result.removed++;
    }
    return;
  }
}

/** What outlives a file that got its name, if the crash came right after that: its state, or its other name. */
function removeOutlived(plain: string, line: ManifestLine, root: string): void {
  if (isLine(lookAtLeft(plain), line)) removeLeft(plain);
  if (lookAtLeft(plain) === undefined && PartFile.urlLeft(root, line.out) !== undefined) removeLeft(`${plain}-info`);
}

/** What was sent, if the crash came before it made room for what was decoded from it: the file is another one. */
function removeSent(plain: string, line: ManifestLine, root: string, result: RecoveredClaim): void {
  if (lookAtLeft(plain)?.isFile !== true || PartFile.urlLeft(root, line.out) !== line.url) return;
  using lock = lockLeft(plain);
  if (lock === undefined) return;
  if (removeLeft(plain)) result.removed++;
  removeLeft(`${plain}-info`);
}

/** Gives back the space that was reserved for the rest of an unfinished file, unless somebody goes on with it. */
function releaseLeft(plain: string, space: FileSpace): void {
  if (lookAtLeft(plain)?.isFile !== true) return;
  using lock = lockLeft(plain);
  if (lock === undefined) return;
  const { size, blocks } = Deno.statSync(plain);
  const state = readState(`${plain}-info`);
  if (state?.pieces !== undefined) space.release(plain, gapsIn(state.length, state.pieces.written));
  else if ((blocks ?? 0) * BLOCK > size + UNWRITTEN) Deno.truncateSync(plain, size);
}

/** What was there when the file was finished may be replaced if that was wished for; what came later is another's. */
function mayReplace(there: Deno.FileInfo | undefined, line: ManifestLine): boolean {
  if (line.replace !== true || there === undefined || !there.isFile) return false;
  return (there.ctime?.getTime() ?? Infinity) + CTIME_MS <= line.finishedAt;
}

function isLine(info: Deno.FileInfo | undefined, line: ManifestLine): boolean {
  return info !== undefined && info.isFile && line.inode > 0 && info.ino === line.inode && info.size === line.bytes;
}

/** The same inode may have been written again since, for another download: then it is younger than the line. */
function isWhole(info: Deno.FileInfo | undefined, line: ManifestLine): boolean {
  return isLine(info, line) && (info?.mtime?.getTime() ?? Infinity) <= line.finishedAt + CLOCKS_MS;
}

/** True if what a log says is a path below the download folder, and no link leads elsewhere. */
export function isBelow(root: string, out: string): boolean {
  if (outProblem(out) !== undefined) return false;
  try {
    const real = Deno.realPathSync(dirname(pathBelow(root, out)));
    return real === root || real.startsWith(root.endsWith("/") ? root : `${root}/`);
  } catch {
    return false;
  }
}
