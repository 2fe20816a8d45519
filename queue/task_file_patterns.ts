/**
 * Which files the words of `--tasks` stand for: a file, a folder of files, or a pattern such as `lists/*.json`.
 *
 * @module
 */
import { basename, dirname, isGlob, join, relative, resolve } from "@std/path";

/** What a file of a folder must be called to be a task file, packed or not. */
const NAMES = /\.(json[lc]?|ndjson|txt|csv|tsv|meta4|metalink|parquet)(\.(gz|zst))?$/i;

/** What some words stand for at the moment. */
export interface TaskFiles {
  /** Absolute paths, in the order of the words, those of one word by name. A file that was named itself need not be there. */
  files: string[];
  /** Files that were named themselves: they are expected. */
  named: Set<string>;
  /** Folders and patterns that stand for no file now. */
  empty: string[];
}

/**
 * Finds the files that words stand for. Names that begin with a dot are left out unless the word asks for them.
 *
 * @param words Files, folders and patterns.
 * @returns The files.
 *
 * @example
 * ```ts ignore
 * await findTaskFiles(["code_tasks.json", "lists/*.json", "more"]);
 * // { files: ["/w/code_tasks.json", "/w/lists/a.json", "/w/more/b.txt"], named: Set { "/w/code_tasks.json" }, empty: [] }
 * ```
 */
export async function findTaskFiles(words: readonly string[]): Promise<TaskFiles> {
  const files = new Set<string>();
  const found: TaskFiles = { files: [], named: new Set(), empty: [] };
  for (const word of words) {
    const path = resolve(word);
    const info = await statOf(path);
    if (info?.isDirectory === true) await addAll(found, files, word, filesOfFolder(path));
    else {
      const folder = await folderOfPattern(path);
      const pattern = relative(folder, path);
      if (info === undefined && isGlob(pattern)) await addAll(found, files, word, filesOfGlob(folder, pattern));
      else {
        files.add(path);
        found.named.add(path);
      }
    }
  }
  return { ...found, files: [...files] };
}

/** The folder below which a word can name files. */
export function folderOfTaskFiles(word: string): string {
  const path = resolve(word);
  let folder = path;
  while (isGlob(folder) && !isFolderNow(folder)) folder = dirname(folder);
  return folder === path ? dirname(folder) : folder;
}

/** The last folder on the way to a file or a pattern: one that is there is no pattern, whatever it is called. */
async function folderOfPattern(path: string): Promise<string> {
  let folder = dirname(path);
  while (isGlob(folder) && (await statOf(folder))?.isDirectory !== true) folder = dirname(folder);
  return folder;
}

function isFolderNow(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function addAll(found: TaskFiles, files: Set<string>, word: string, paths: AsyncIterable<string>): Promise<void> {
  const all = (await Array.fromAsync(paths)).sort();
  if (all.length === 0) found.empty.push(word);
  for (const path of all) files.add(path);
}

async function* filesOfFolder(folder: string): AsyncGenerator<string, void, void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (!entry.name.startsWith(".") && NAMES.test(entry.name) && await isFile(path, entry)) yield path;
  }
}

async function* filesOfGlob(root: string, glob: string): AsyncGenerator<string, void, void> {
  const { expandGlob } = await import("@std/fs/expand-glob");
  const dots = basename(glob).startsWith(".");
  for await (const entry of expandGlob(glob, { root, includeDirs: false })) {
    if ((dots || !entry.name.startsWith(".")) && await isFile(entry.path, entry)) yield entry.path;
  }
}

/** Links count as what they lead to. */
async function isFile(path: string, entry: Deno.DirEntry): Promise<boolean> {
  return entry.isFile || (entry.isSymlink && (await statOf(path))?.isFile === true);
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    // It may also be a part of the way that is no folder; whoever reads it says what is wrong.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Deno.errors.FilesystemLoop) return undefined;
    throw error;
  }
}
