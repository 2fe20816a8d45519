import { CfgError } from "../config/cfg_error.ts";
import { draftMaker, type DraftRules, type EntryResult } from "../download/task_draft.ts";
import { plainEntry } from "../queue/plain_entry.ts";
import type { CheckedEntry } from "../queue/task_entry_schema.ts";
import type { TaskEntry } from "../queue/task_request.ts";
import type { AddResult, TaskDraft, TaskSharedList } from "../queue/task_shared_list.ts";
import { addDrafts, type AddedDrafts } from "./add_drafts.ts";
import type { ChecksumCount } from "./checksum_count.ts";
import { type DownloaderOptions, settingsFromOptions } from "./downloader_options.ts";
import { FolderLister } from "./folder_lister.ts";
import { readIdentity } from "./read_identity.ts";
import { WorkerAnswers } from "./worker_answers.ts";

/** How {@linkcode addEntries} takes entries. */
export interface AddEntriesOptions {
  /** Checksums by file name, for entries without one of their own; see {@linkcode readChecksumFile}. Default: none. */
  checksums?: ReadonlyMap<string, string>;
  /** Where files go whose entries do not say it, such as `{host}/{path}/{name}`. Default: as the server calls them. */
  nameTemplate?: string;
  /** Files whose entries do not say it are not fetched before this time, in milliseconds since the epoch. Default: at once. */
  notBefore?: number;
  /** Only entries of one of so many parts are taken, by their urls; there is no result for the others. Default: all. */
  shard?: { readonly index: number; readonly of: number };
  /** Counts the files, and those with a checksum. Default: nothing does. */
  count?: ChecksumCount;
  /** How folders of FTP, SFTP and S3 are looked into, as a {@linkcode Downloader} would. Default: with its defaults. */
  folders?: DownloaderOptions;
}

/**
 * Checks entries and puts the good ones on a list; of an entry that is a folder, every file in it.
 *
 * @param list The list.
 * @param entries What a task file would hold: objects with a `url`, or bare urls.
 * @param options How to take them.
 * @returns One result for each entry, and for each file of a folder, in order; `refused` names the field and the reason.
 * @throws {CfgError} If the template is none, or an option about folders is wrong.
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
  const { folders: own = {}, count, ...rules } = options;
  const settings = settingsFromOptions(own);
  const { askPassphrase } = own;
  const asking = askPassphrase === undefined ? {} : { askPassphrase };
  using answers = new WorkerAnswers(settings, undefined, undefined, asking);
  await using folders = new FolderLister({
    settings,
    identity: () => readIdentity(settings, asking),
    answers,
    restricted: own.restrictWorkers === true,
  });
  return (await placeEntries(list, entries, rules, folders, count)).results;
}

/**
 * Does what {@linkcode addEntries} does, and says which entry each result is of.
 *
 * @param list The list.
 * @param entries The entries.
 * @param rules How to take them.
 * @param folders Looks into folders.
 * @param count Counts the files. Default: nothing does.
 */
export async function placeEntries(
  list: TaskSharedList,
  entries: readonly (TaskEntry | string)[],
  rules: DraftRules,
  folders: FolderLister,
  count?: ChecksumCount,
): Promise<Required<AddedDrafts>> {
  let check: ((value: unknown) => CheckedEntry) | undefined;
  const draft = makeDrafts(rules);
  const refused: { place: number; result: AddResult }[] = [];
  const drafts: TaskDraft[] = [];
  const origins: number[] = [];
  for (const [index, value] of entries.entries()) {
    const plain = plainEntry(value);
    // The schema is loaded for the first entry that is not plain.
    if (plain === undefined) check ??= (await import("../queue/task_entry_schema.ts")).checkTaskEntry;
    const checked: CheckedEntry = plain === undefined ? check!(value) : { type: "entry", entry: plain };
    const result = checked.type === "problem" ? checked : draft(checked.entry);
    if (result.type === "elsewhere") continue;
    if (result.type === "problem") {
      const { field, message: reason } = result;
      refused.push({ place: index, result: { type: "refused", field, reason } });
    } else {
      drafts.push(result.draft);
      origins.push(index);
    }
  }
  const added = await addDrafts(list, drafts, folders, count);
  const placed = added.results.map((result, i) => ({ place: origins[added.places?.[i] ?? i]!, result }));
  const all = refused.length === 0 ? placed : [...placed, ...refused].sort((a, b) => a.place - b.place);
  return { results: all.map(({ result }) => result), places: all.map(({ place }) => place) };
}

function makeDrafts(options: DraftRules): (entry: TaskEntry) => EntryResult {
  try {
    return draftMaker(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CfgError([{ field: "nameTemplate", source: "options", message: error.message }]);
  }
}
