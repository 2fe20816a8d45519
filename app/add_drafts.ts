import type { AddResult, TaskDraft, TaskSharedList } from "../queue/task_shared_list.ts";
import type { ChecksumCount } from "./checksum_count.ts";
import type { FolderLister } from "./folder_lister.ts";

/** What became of drafts. */
export interface AddedDrafts {
  /** One result for each draft, and for each file of a folder in the place of the folder. */
  results: AddResult[];
  /** Which draft each result is of; absent: one each, in order. */
  places?: number[];
}

/**
 * Puts drafts on a list, and the files of a folder in the place of a draft that stands for one.
 *
 * @param list The list.
 * @param drafts The drafts.
 * @param folders Looks into folders.
 * @param count Counts the files. Default: nobody does.
 */
export async function addDrafts(
  list: TaskSharedList,
  drafts: readonly TaskDraft[],
  folders: FolderLister,
  count?: ChecksumCount,
): Promise<AddedDrafts> {
  if (!drafts.some(({ url }) => folders.isFolder(url))) {
    count?.note(drafts);
    return { results: await list.add(drafts) };
  }
  const all: TaskDraft[] = [];
  const places: number[] = [];
  const refusals: { at: number; place: number; result: AddResult }[] = [];
  for (const [place, draft] of drafts.entries()) {
    const listed = folders.isFolder(draft.url)
      ? await folders.list(draft)
      : { type: "drafts" as const, drafts: [draft] };
    if (listed.type === "problem") {
      const { field, message: reason } = listed;
      refusals.push({ at: all.length, place, result: { type: "refused", field, reason } });
      continue;
    }
    for (const file of listed.drafts) {
      all.push(file);
      places.push(place);
    }
  }
  count?.note(all);
  const results = await list.add(all);
  for (const { at, place, result } of refusals.toReversed()) {
    results.splice(at, 0, result);
    places.splice(at, 0, place);
  }
  return { results, places };
}
