import { join } from "@std/path";
import { CfgError } from "../config/cfg_error.ts";
import { bytesLeft } from "../download/bytes_left.ts";
import { claimedOuts } from "../download/dead_claim_logs.ts";
import { lockLeft, lookAtLeft, removeLeft } from "../download/left_files.ts";
import { type PartName, partName } from "../download/part_names.ts";
import { pathBelow } from "../download/path_below.ts";
import { readState } from "../download/read_state.ts";
import { STATE_FOLDER } from "../download/task_names.ts";
import { unfinishedPath } from "../download/unfinished_path.ts";
import { procIdentity } from "../ffi/proc_identity.ts";
import type { ListRequest, TaskPage } from "../queue/task_shared_list.ts";

/** How {@linkcode cleanParts} works. */
export interface CleanPartsOptions {
  /** The lists whose tasks go into the folder: what they name is spared. Default: none. */
  lists?: readonly { list(request: ListRequest): Promise<TaskPage> }[];
  /** Remove them. Default: they are only found. */
  remove?: boolean;
  /** What was written later is spared, in milliseconds since the epoch. Default: a day ago. */
  writtenBefore?: number;
}

/** A file that nobody can continue. */
export interface CleanedPart {
  /** The path below the download folder. */
  path: string;
  /** Its size. */
  bytes: number;
  /** When it was written last, in milliseconds since the epoch. */
  writtenAt: number;
  /** It was removed. */
  removed: boolean;
  /** Why it could not be removed. */
  problem?: string;
}

/** How many unfinished files were spared, by the first reason that was found. */
export interface SparedParts {
  /** A download can go on with them. */
  continuable: number;
  /** What is known of them cannot be read, so that nobody knows whether a download could go on with them. */
  unclear: number;
  /** They were written later. */
  recent: number;
  /** A claim log names them: an owner has them in hand, or had when it died. */
  claimed: number;
  /** A list names them. */
  listed: number;
  /** Somebody holds them. */
  held: number;
}

/** What {@linkcode cleanParts} found. */
export interface CleanedParts {
  /** What nobody can continue. */
  parts: CleanedPart[];
  /** What was spared. */
  spared: SparedParts;
  /** Folders that cannot be read. */
  unread: string[];
}

interface Found extends PartName {
  path: string;
  info: Deno.FileInfo;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const PAGE = 1000;
/** Parts at a time whose tasks are looked for. */
const AT_ONCE = 50_000;

/**
 * Finds the unfinished files of a download folder that nobody can continue, and may remove them. An unfinished file that a
 * download can go on with is spared, whoever began it: it has a `.part-info` beside it, which proves its version, and
 * bytes that are certain by it.
 *
 * @param directory The download folder.
 * @param options What to do with them.
 * @returns What was found.
 * @throws {CfgError} If it is no download folder.
 *
 * @example
 * ```ts ignore
 * const { parts } = await cleanParts("photos", { lists: [downloader] });
 * console.log(parts.map(({ path }) => path));
 * ```
 */
export async function cleanParts(directory: string, options: CleanPartsOptions = {}): Promise<CleanedParts> {
  const { lists = [], remove = false, writtenBefore = Date.now() - DAY_MS } = options;
  const root = await downloadFolder(directory);
  const spared: SparedParts = { continuable: 0, unclear: 0, recent: 0, claimed: 0, listed: 0, held: 0 };
  const result: CleanedParts = { parts: [], spared, unread: [] };
  let batch: Found[] = [];
  const flush = async () => {
    const claimed = pathsOf(root, await claimedOuts(root));
    const listed = new Set<string>();
    const open = batch.filter(({ part }) => !spare(spared, claimed.has(part) ? "claimed" : undefined));
    for (const list of lists) await addListed(root, list, new Set(open.map(({ part }) => part)), listed);
    for (const found of open) {
      if (spare(spared, listed.has(found.part) ? "listed" : undefined)) continue;
      const cleaned = clean(root, found, writtenBefore, remove);
      if (typeof cleaned === "string") spared[cleaned]++;
      else if (cleaned !== undefined) result.parts.push(cleaned);
    }
    batch = [];
  };
  for await (const found of leftIn(root, root, result.unread)) {
    if (spare(spared, reasonOf(found, found.info, writtenBefore))) continue;
    if (batch.push(found) === AT_ONCE) await flush();
  }
  if (batch.length > 0) await flush();
  return result;
}

async function downloadFolder(directory: string): Promise<string> {
  try {
    const root = await Deno.realPath(directory);
    // Elsewhere such names may be those of other programs.
    if ((await Deno.stat(join(root, STATE_FOLDER))).isDirectory) return root;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotADirectory)) throw error;
  }
  const message =
    `Cannot use --dir as it must be a download folder, with ${STATE_FOLDER} in it: current value is "${directory}"`;
  throw new CfgError([{ field: "dir", source: "options", message }]);
}

/** Every file that a download may have left, below a folder; links are not followed. */
async function* leftIn(root: string, folder: string, unread: string[]): AsyncGenerator<Found, void, void> {
  const folders: string[] = [];
  try {
    for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory && !(folder === root && name === STATE_FOLDER)) folders.push(pathBelow(folder, name));
      const left = isFile ? partName(name) : undefined;
      if (left === undefined) continue;
      const path = pathBelow(folder, name);
      const info = lookAtLeft(path);
      if (info?.isFile === true) yield { ...left, part: pathBelow(folder, left.part), path, info };
    }
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) unread.push(folder.slice(root.length + 1));
    else if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const one of folders) yield* leftIn(root, one, unread);
}

/** Why a file is spared, by what can be seen of it alone; `"none"` if it is of no account by itself. */
function reasonOf(
  { kind, path, part }: Pick<Found, "kind" | "path" | "part">,
  { size, mtime }: Deno.FileInfo,
  writtenBefore: number,
): keyof SparedParts | "none" | undefined {
  // It goes with its unfinished file.
  if (kind === "info" && lookAtLeft(part) !== undefined) return "none";
  if (kind === "part" && lookAtLeft(`${path}-info`) !== undefined) {
    const state = readState(`${path}-info`);
    if (state === undefined) return "unclear";
    if (bytesLeft(state, size, procIdentity().bootId) > 0) return "continuable";
  }
  return (mtime?.getTime() ?? Infinity) < writtenBefore ? undefined : "recent";
}

function spare(spared: SparedParts, reason: keyof SparedParts | "none" | undefined): boolean {
  if (reason !== undefined && reason !== "none") spared[reason]++;
  return reason !== undefined;
}

function pathsOf(root: string, outs: Iterable<string>): Set<string> {
  const paths = new Set<string>();
  for (const out of outs) paths.add(unfinishedPath(pathBelow(root, out)));
  return paths;
}

/** Adds which of some unfinished files a list names. */
async function addListed(
  root: string,
  list: { list(request: ListRequest): Promise<TaskPage> },
  parts: ReadonlySet<string>,
  listed: Set<string>,
): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await list.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const { out, firstOut } of page.tasks) {
      for (const path of pathsOf(root, firstOut === undefined ? [out] : [out, firstOut])) {
        if (parts.has(path)) listed.add(path);
      }
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Tells of a file, and may remove it: under its lock, and if it is still what it was. */
function clean(
  root: string,
  found: Found,
  writtenBefore: number,
  remove: boolean,
): CleanedPart | keyof SparedParts | undefined {
  const { path, kind, info: { ino, size, mtime } } = found;
  const part = {
    path: path.slice(root.length + (root.endsWith("/") ? 0 : 1)),
    bytes: size,
    writtenAt: mtime!.getTime(),
  };
  try {
    using lock = kind === "info" ? undefined : lockLeft(path);
    if (kind !== "info" && lock === undefined) return "held";
    const now = lookAtLeft(path);
    if (now?.ino !== ino) return undefined;
    const reason = reasonOf(found, now, writtenBefore);
    if (reason !== undefined) return reason === "none" ? undefined : reason;
    if (!remove) return { ...part, removed: false };
    if (kind === "part") removeLeft(`${path}-info`);
    return { ...part, removed: removeLeft(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return { ...part, removed: false, problem: error instanceof Error ? error.message : String(error) };
  }
}
