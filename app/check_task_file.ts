import { textNumber } from "../base/text_digest.ts";
import { draftMaker } from "../download/task_draft.ts";
import type { AddEntriesOptions } from "./add_entries.ts";
import type { TaskFileRules } from "../queue/column_map.ts";
import { plainEntry } from "../queue/plain_entry.ts";
import { scanTaskFile } from "../queue/task_file_scan.ts";
import { taskHost } from "../queue/task_model.ts";
import type { AddResult, TaskDraft } from "../queue/task_shared_list.ts";
import { taskFileRules } from "./task_file_rules.ts";

const AT_ONCE = 500;

/** Something that {@linkcode checkTaskFile} found. */
export type FileFinding =
  | { type: "refused"; index: number; line: number; field: string; message: string }
  /** The same url for the same path as an entry before. */
  | { type: "duplicate"; index: number; line: number; out: string }
  /** Fields, columns or options that mean nothing to a task. */
  | { type: "ignored"; names: readonly string[] };

/** What a task file holds, at the end of a check. */
export interface FileSummary {
  /** Always `summary`. */
  type: "summary";
  /** Entries in all. */
  entries: number;
  /** Entries that would be new tasks. */
  fresh: number;
  /** Entries that the list knows already. */
  known: number;
  /** Entries that say again what another one has said. */
  duplicates: number;
  /** Entries that would be refused. */
  refused: number;
  /** Entries with a checksum, of those that would not be refused. */
  checksums: number;
  /** How many entries each host has that would not be refused. */
  hosts: Record<string, number>;
}

/** What to check entries against, beside each other. */
export interface CheckTaskFileOptions extends AddEntriesOptions, TaskFileRules {
  /** A list that says what would become of drafts. Default: an empty one. */
  list?: { preview(drafts: readonly TaskDraft[]): Promise<AddResult[]> };
}

/**
 * Goes through a task file as a run would, and stores nothing. The memory grows by some 100 bytes an entry.
 *
 * @param source The bytes of the file; or the file, where it is to be read from: Parquet is read in no other way.
 * @param options What to check them against.
 * @returns What it found, in order, and a summary at the end.
 * @throws {TaskFileError} With line and column, at the first place that is not valid.
 * @throws {CfgError} If a column is named for what is no field of a task.
 */
export async function* checkTaskFile(
  source: AsyncIterable<Uint8Array> | Deno.FsFile,
  options: CheckTaskFileOptions = {},
): AsyncGenerator<FileFinding | FileSummary, void, void> {
  const { list, urlColumn: _, columns: __, directory: ___, ...rules } = options;
  const makeDraft = draftMaker(rules);
  const { checkTaskEntry } = await import("../queue/task_entry_schema.ts");
  const summary: FileSummary = {
    type: "summary",
    entries: 0,
    fresh: 0,
    known: 0,
    duplicates: 0,
    refused: 0,
    checksums: 0,
    hosts: {},
  };
  const taken = new Map<number, number>();
  const ids = new Set<number>();
  let batch: { draft: TaskDraft; index: number; line: number }[] = [];
  const refuse = (index: number, line: number, field: string, message: string): FileFinding => {
    summary.refused++;
    return { type: "refused", index, line, field, message };
  };

  const count = ({ url, checksum }: TaskDraft) => {
    if (checksum !== undefined) summary.checksums++;
    const host = taskHost(url);
    summary.hosts[host] = (summary.hosts[host] ?? 0) + 1;
  };

  async function* judge(): AsyncGenerator<FileFinding, void, void> {
    const results = await list?.preview(batch.map(({ draft }) => draft));
    for (const [i, { draft, index, line }] of batch.entries()) {
      const result = results?.[i] ?? { type: "added" as const, id: "", out: draft.out };
      if (result.type === "refused") {
        yield refuse(index, line, result.field, result.reason);
        continue;
      }
      const out = place(draft, result.out);
      if (out === undefined) {
        yield refuse(index, line, "out", `must be free: another entry has "${draft.out}" for another url`);
      } else if (taken.has(textNumber(out))) {
        summary.duplicates++;
        count(draft);
        yield { type: "duplicate", index, line, out };
      } else if (draft.id !== undefined && ids.has(textNumber(draft.id))) {
        yield refuse(index, line, "id", `must be new: another entry has "${draft.id}"`);
      } else {
        taken.set(textNumber(out), textNumber(draft.url));
        if (draft.id !== undefined) ids.add(textNumber(draft.id));
        if (result.type !== "added") summary.known++;
        else summary.fresh++;
        count(draft);
      }
    }
    batch = [];
  }

  /** The path that a draft would get beside the entries before it; none if it wants exactly one that is taken. */
  function place(draft: TaskDraft, first: string): string | undefined {
    const url = textNumber(draft.url);
    if ((taken.get(textNumber(first)) ?? url) === url) return first;
    const { fallbackOut } = draft;
    const second = typeof fallbackOut === "function" ? fallbackOut(draft) : fallbackOut;
    return second !== undefined && (taken.get(textNumber(second)) ?? url) === url ? second : undefined;
  }

  const scan = scanTaskFile(source, taskFileRules(options));
  let step = await scan.next();
  for (; step.done !== true; step = await scan.next()) {
    const { index, line, value } = step.value;
    summary.entries++;
    const plain = plainEntry(value);
    const checked = plain === undefined ? checkTaskEntry(value) : { type: "entry" as const, entry: plain };
    const result = checked.type === "problem" ? checked : makeDraft(checked.entry);
    if (result.type === "elsewhere") continue;
    if (result.type === "problem") {
      yield refuse(index, line, result.field, result.message);
      continue;
    }
    batch.push({ draft: result.draft, index, line });
    if (batch.length === AT_ONCE) yield* judge();
  }
  yield* judge();
  if (step.value.ignored !== undefined) yield { type: "ignored", names: step.value.ignored };
  yield summary;
}
