import { existsSync } from "node:fs";
import { join } from "@std/path";
import { redactUrl } from "../base/redact_url.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
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
 */
export async function learnedPlaces(
  name: string,
  task: Pick<DownloadTask, "url" | "mirrors">,
  { root, fresh, manifest }: Pick<DownloadContext, "root" | "fresh" | "manifest">,
): Promise<[out: string, fallbackOut?: string]> {
  const other = fallbackOut(name, task.url);
  if (fresh) return [name, other];
  const sources = [task.url, ...task.mirrors ?? []].map(redactUrl);
  const heir = await ownerOf(name);
  if (heir === "nobody" && await ownerOf(other) !== "ours") return [name, other];
  return heir === "ours" ? [name, other] : [other];

  /** Whose file is under a name, as far as it is known. */
  async function ownerOf(out: string): Promise<"ours" | "another's" | "nobody"> {
    const url = existsSync(join(root, out)) ? await manifest.urlOf(out) : PartFile.urlLeft(root, out);
    if (url === undefined) return "nobody";
    return sources.includes(url) ? "ours" : "another's";
  }
}
