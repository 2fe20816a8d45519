import type { AddResult } from "../queue/task_shared_list.ts";
import type { AddedDrafts } from "./add_drafts.ts";
import type { DownloaderNews } from "./downloader_event.ts";

/**
 * What is told of entries that were put on the list.
 *
 * @param added What became of them.
 * @param first The place of the first one among all.
 */
export function* placedNews({ results, places }: Required<AddedDrafts>, first: number): Generator<DownloaderNews> {
  const count = (type: AddResult["type"]) => results.filter((result) => result.type === type).length;
  const [added, changed] = [count("added"), count("changed")];
  if (added > 0) yield { type: "tasks_added", added, duplicates: count("duplicate") };
  if (changed > 0) yield { type: "tasks_changed", changed };
  for (const [index, result] of results.entries()) {
    if (result.type !== "refused") continue;
    yield { type: "entry_refused", index: first + places[index]!, field: result.field, message: result.reason };
  }
}
