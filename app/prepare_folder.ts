import { findTaskFiles } from "../queue/task_file_patterns.ts";
import type { Logger } from "../base/logger.ts";
import { CfgError } from "../config/cfg_error.ts";
import { claimLogFolder } from "../download/claim_log.ts";
import { inodeAt } from "../download/inode_at.ts";
import { manifestFolder } from "../download/manifest_files.ts";
import { makeStateFolder } from "../download/state_folder.ts";
import { assertWritable } from "../download/forbidden.ts";
import { STATE_FOLDER } from "../download/task_names.ts";
import { exposedFiles } from "./exposed_files.ts";

/** A folder that files can go into. */
export interface DownloadFolder {
  /** The folder as the system resolves it. */
  root: string;
  /** When it was found that it can be written, in milliseconds since the epoch, by the clock of its disk. */
  writableAt: number;
  /** True if it holds nothing of the user's, nor of an earlier run. */
  empty: boolean;
}

/**
 * Makes the download folder ready, and finds out that it can be written before anything else happens.
 *
 * @param dir The folder, as the user named it.
 * @param logger Told once if others can read what may hold secrets. Default: nobody is.
 * @returns The folder, and whether it is empty.
 * @throws {CfgError} If files cannot be made in it.
 */
export async function prepareFolder(dir: string, logger?: Logger): Promise<DownloadFolder> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    const root = await Deno.realPath(dir);
    const state = makeStateFolder(root);
    for (const folder of [state, manifestFolder(root), claimLogFolder(root)]) {
      if (folder === state || inodeAt(folder) !== undefined) await assertWritable(folder);
    }
    const writableAt = await assertWritable(root);
    const { count, mend } = await exposedFiles({ directory: root });
    if (count > 0) {
      const files = count === 1 ? "1 file" : `${count} files`;
      logger?.warn(
        `others can read ${files} below "${state}", which may hold secrets: ${mend} keeps ${
          count === 1 ? "it" : "them"
        } to you`,
      );
    }
    return { root, writableAt, empty: await isEmpty(root) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CfgError([{
      field: "dir",
      source: "options",
      message: `Cannot use --dir as it must be a folder that can be written: current value is "${dir}" (${why})`,
    }]);
  }
}

async function isEmpty(root: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(root)) if (name !== STATE_FOLDER) return false;
  return true;
}

/**
 * Finds out that task files can be read.
 *
 * @param words Files, folders and patterns, as the user named them.
 * @param needed Each of them must stand for a file that is there. Default false.
 * @throws {CfgError} If a file is there and cannot be read, or is needed and not there.
 */
export async function checkTaskFiles(words: readonly string[], needed = false): Promise<void> {
  for (const word of words) {
    try {
      const { files, named } = await findTaskFiles([word]);
      if (files.length === 0 && needed) throw new Deno.errors.NotFound("there is none");
      for (const file of named) await assertReadable(file);
    } catch (error) {
      if (needed || !(error instanceof Deno.errors.NotFound)) throw tasksError(word, error);
    }
  }
}

async function assertReadable(file: string): Promise<void> {
  // To open a pipe would wait for its writer.
  if (!(await Deno.stat(file)).isFile) throw new TypeError("it is neither a file nor a folder");
  (await Deno.open(file, { read: true })).close();
}

function tasksError(word: string, error: unknown): CfgError {
  const why = error instanceof Error ? error.message : String(error);
  const message = `Cannot use --tasks as it must name files that can be read: current value is "${word}" (${why})`;
  return new CfgError([{ field: "tasks", source: "options", message }]);
}
