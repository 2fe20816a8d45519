import { join } from "@std/path";
import { OTHERS_READ, PRIVATE_FILE } from "../base/private_mode.ts";
import { claimLogFolder } from "../download/claim_log.ts";
import { manifestFolder } from "../download/manifest_files.ts";
import { STATE_FOLDER } from "../download/task_names.ts";

/** Where secrets may be. */
export interface SecretPlaces {
  /** The file of a task list. */
  list?: string;
  /** A download folder. */
  directory?: string;
}

/** What others can read. */
export interface ExposedFiles {
  /** How many files others than their owner can read. */
  count: number;
  /** The commands of a shell that close them to others. */
  mend: string;
  /** Closes them to others; folders stay as they are. Throws if one belongs to another user. */
  close(): Promise<void>;
}

/**
 * Finds lists, claim logs and manifests that others than their owner can read, as older versions made them. Windows knows no
 * such thing.
 *
 * @param places Where to look.
 */
export async function exposedFiles({ list, directory }: SecretPlaces): Promise<ExposedFiles> {
  const files: string[] = [];
  const commands: string[] = [];
  if (list !== undefined) {
    const ours = [list, `${list}-wal`, `${list}-shm`].filter(isExposed);
    if (ours.length > 0) commands.push(`chmod 600 ${ours.map(quoted).join(" ")}`);
    files.push(...ours);
  }
  if (directory !== undefined) {
    const logs: string[] = [];
    for (const folder of [manifestFolder(directory), claimLogFolder(directory)]) logs.push(...await logsIn(folder));
    const ours = logs.filter(isExposed);
    if (ours.length > 0) commands.push(`chmod 600 ${quoted(join(directory, STATE_FOLDER))}/*/*.jsonl`);
    files.push(...ours);
  }
  return {
    count: files.length,
    mend: commands.join("; "),
    async close() {
      for (const file of files) await Deno.chmod(file, PRIVATE_FILE);
    },
  };
}

/** Links are not followed: what they lead to is not ours. */
async function logsIn(folder: string): Promise<string[]> {
  const logs: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.endsWith(".jsonl")) logs.push(join(folder, name));
    }
  } catch (error) {
    if (!isNone(error)) throw error;
  }
  return logs;
}

function isExposed(path: string): boolean {
  try {
    return ((Deno.statSync(path).mode ?? 0) & OTHERS_READ) !== 0;
  } catch (error) {
    if (isNone(error)) return false;
    throw error;
  }
}

/** What is not there, or cannot even be looked at, is none that others than its owner read. */
function isNone(error: unknown): boolean {
  const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
  return error instanceof NotFound || error instanceof NotADirectory || error instanceof PermissionDenied;
}

/** One word for a shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
