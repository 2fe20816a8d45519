import { lstatSync } from "node:fs";
import { join } from "@std/path";
import { redactUrl } from "../base/redact_url.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { FileExistsError } from "./file_exists_error.ts";
import { PartFile } from "./part_file.ts";
import { fallbackOut } from "./task_names.ts";

/**
 * Where a file may go by the name that its answer gave it, the best place first. A list that begins anew knows nothing of
 * the runs before it, but the folder does: what another url left under the name, finished or not, keeps it, and what this
 * one left under its other name is gone on with. So the same list leads to the same names, whoever is faster.
 *
 * @param name The name.
 * @param task The task.
 * @param context What the downloads of this worker share.
 * @returns The place, and the one to take if that belongs to another task.
 * @throws {FileExistsError} If there is a file of that name which is nobody's: no server may choose what is replaced, whatever
 * `--overwrite` says.
 */
export async function learnedPlaces(
  name: string,
  task: Pick<DownloadTask, "url" | "mirrors">,
  { root, fresh, manifest }: Pick<DownloadContext, "root" | "fresh" | "manifest">,
): Promise<[out: string, fallbackOut?: string]> {
  const other = fallbackOut(name, task.url);
  if (fresh) return [name, other];
  const sources = [task.url, ...task.mirrors ?? []].map(redactUrl);
  const owner = await ownerOf(name);
  if (owner === "this url") return [name, other];
  const otherOwner = await ownerOf(other);
  if (otherOwner === "this url") return [other];
  if (owner === "nobody") throw new FileExistsError(join(root, name));
  if (owner === undefined) return otherOwner === undefined ? [name, other] : [name];
  if (otherOwner === "nobody") throw new FileExistsError(join(root, other));
  return [other];

  /** Who left what is under a name; undefined if nothing is. */
  async function ownerOf(out: string): Promise<"this url" | "another url" | "nobody" | undefined> {
    const isThere = lexists(join(root, out));
    const url = isThere ? await manifest.urlOf(out) : PartFile.urlLeft(root, out);
    if (url === undefined) return isThere ? "nobody" : undefined;
    return sources.includes(url) ? "this url" : "another url";
  }
}

/** True if there is anything of that name, a link to nowhere included. */
function lexists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
