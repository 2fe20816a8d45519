import { fileBytes } from "../base/file_bytes.ts";
import type { TaskFileRules } from "./column_map.ts";
import { glanceAtTaskFile } from "./task_file_glance.ts";
import { scanTaskFile } from "./task_file_scan.ts";

const GLANCE_BYTES = 256 * 1024;

/**
 * Goes through a whole task file for its syntax alone, so that none that is half written brings half of its entries. Leaves the
 * file at its start.
 *
 * @param file A file that can be read again.
 * @param rules What the user says of columns, fields and folders. Default: nothing.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 */
export async function assertTaskFile(file: Deno.FsFile, rules: TaskFileRules = {}): Promise<void> {
  if (!await glanceAtTaskFile(fileBytes(file, GLANCE_BYTES), rules)) {
    await file.seek(0, Deno.SeekMode.Start);
    const scan = scanTaskFile(file, rules);
    while (!(await scan.next()).done);
  }
  await file.seek(0, Deno.SeekMode.Start);
}
