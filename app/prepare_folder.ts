import { findTaskFiles } from "../queue/task_file_patterns.ts";
import { join } from "@std/path";
import { CfgError } from "../config/cfg_error.ts";
import { assertWritable } from "../download/forbidden.ts";
import { STATE_FOLDER } from "../download/task_names.ts";

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
 * @returns The folder, and whether it is empty.
 * @throws {CfgError} If files cannot be made in it.
 */
export async function prepareFolder(dir: string): Promise<DownloadFolder> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    const root = await Deno.realPath(dir);
    await Deno.mkdir(join(root, STATE_FOLDER), { recursive: true });
    await assertWritable(join(root, STATE_FOLDER));
    const writableAt = await assertWritable(root);
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
