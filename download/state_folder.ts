import { join } from "@std/path";
import { PRIVATE_FOLDER } from "../base/private_mode.ts";
import { STATE_FOLDER } from "./task_names.ts";

/**
 * Makes `.corehaul` in a folder, and a folder in it, for their owner alone. What is there already stays as it is.
 *
 * @param root The folder that it is in; it is made, too, under the umask.
 * @param name The folder in it. Default: none.
 * @returns The path of the last one.
 */
export function makeStateFolder(root: string, name = ""): string {
  Deno.mkdirSync(root, { recursive: true });
  const path = join(root, STATE_FOLDER, name);
  Deno.mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  return path;
}
