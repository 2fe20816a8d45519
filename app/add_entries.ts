import { CfgError } from "../config/cfg_error.ts";
import { draftMaker, type DraftResult } from "../download/task_draft.ts";
import { plainEntry } from "../queue/plain_entry.ts";
import type { CheckedEntry, TaskEntry } from "../queue/task_entry_schema.ts";
import type { AddResult, TaskDraft, TaskSharedList } from "../queue/task_shared_list.ts";

/** How {@linkcode addEntries} takes entries. */
export interface AddEntriesOptions {
  /** Checksums by file name, for entries without one of their own; see {@linkcode readChecksumFile}. Default: none. */
  checksums?: ReadonlyMap<string, string>;
  /** Where files go whose entries do not say it, such as `{host}/{path}/{name}`. Default: as the server calls them. */
  nameTemplate?: string;
  /** Files whose entries do not say it are not fetched before this time, in milliseconds since the epoch. Default: at once. */
  notBefore?: number;
}

/**
 * Checks entries and puts the good ones on a list.
 *
 * @param list The list.
 * @param entries What a task file would hold: objects with a `url`, or bare urls.
 * @param options How to take them.
 * @returns One result for each entry, in order; `refused` names the field and the reason.
 * @throws {CfgError} If the template is none.
 *
 * @example
 * ```ts
 * import { addEntries } from "./add_entries.ts";
 * import { openTaskList } from "./open_task_list.ts";
 *
 * await using list = await openTaskList("kv::memory:");
 * await addEntries(list, ["https://example.org/a.jpg"]); // [{ type: "added", … }]
 * ```
 */
export async function addEntries(
  list: TaskSharedList,
  entries: readonly (TaskEntry | string)[],
  options: AddEntriesOptions = {},
): Promise<AddResult[]> {
  let check: ((value: unknown) => CheckedEntry) | undefined;
  const draft = makeDrafts(options);
  const results: AddResult[] = new Array(entries.length);
  const drafts: TaskDraft[] = [];
  const places: number[] = [];
  for (const [index, value] of entries.entries()) {
    const plain = plainEntry(value);
    // The schema is loaded for the first entry that is not plain.
    if (plain === undefined) check ??= (await import("../queue/task_entry_schema.ts")).checkTaskEntry;
    const checked: CheckedEntry = plain === undefined ? check!(value) : { type: "entry", entry: plain };
    const result = checked.type === "problem" ? checked : draft(checked.entry);
    if (result.type === "problem") {
      results[index] = { type: "refused", field: result.field, reason: result.message };
    } else {
      drafts.push(result.draft);
      places.push(index);
    }
  }
  const added = await list.add(drafts);
  for (const [i, place] of places.entries()) results[place] = added[i]!;
  return results;
}

function makeDrafts(options: AddEntriesOptions): (entry: TaskEntry) => DraftResult {
  try {
    return draftMaker(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CfgError([{ field: "nameTemplate", source: "options", message: error.message }]);
  }
}
