import type { TaskFileRules } from "../queue/column_map.ts";
import { plainEntry } from "../queue/plain_entry.ts";
import type { CheckedEntry } from "../queue/task_entry_schema.ts";
import type { TaskEntry } from "../queue/task_request.ts";
import { assertTaskFile } from "../queue/task_file_check.ts";
import type { RawEntry } from "../queue/raw_entry.ts";
import { scanTaskFile } from "../queue/task_file_scan.ts";
import type { TaskDraft } from "../queue/task_shared_list.ts";
import { draftMaker, type DraftRules, type EntryResult } from "../download/task_draft.ts";
import type { EntryProblem } from "./proc_messages.ts";

/** Where a block ends is up to its entries, so that one that comes or goes changes no block but its own. */
const USUAL_BLOCK = 200;
const MOST_BLOCK = 1000;
const encoder = new TextEncoder();

/** Drafts that the task file holds and that were not seen in the read before. */
export interface DraftBatch {
  drafts: TaskDraft[];
  /** The place of each in the file, from 0. */
  indexes: number[];
  /** The line of each, from 1. */
  lines: number[];
  /** Entries that are not taken. */
  problems: EntryProblem[];
  /** Stands for these entries: equal ones have the same. */
  block: string;
}

/** What one read found. */
export interface ReadEnd {
  /** How many entries the file has. */
  entries: number;
  /** How many of them are not taken. */
  refused: number;
  /** What stands for its entries, in order; see {@linkcode DraftBatch.block}. */
  blocks: string[];
  /** The names of what means nothing to a task; absent: there are none. */
  ignored?: readonly string[];
}

/**
 * Reads a task file, again and again. A file that is not whole yields nothing at all; what a read before has seen is
 * skipped by blocks of equal entries, so that appending to a long list costs little.
 */
export class TaskFileReader {
  /** The task file. */
  readonly path: string;
  readonly #reading: TaskFileRules;
  readonly #draft: (entry: TaskEntry) => EntryResult;
  /** The blocks of the read before, and how many entries of each are not taken. */
  #seen = new Map<string, number>();

  /**
   * @param path The task file.
   * @param rules What holds for all of its entries. Default: nothing.
   * @param reading What the user says of task files. Default: nothing.
   */
  constructor(path: string, rules: DraftRules = {}, reading: TaskFileRules = {}) {
    this.path = path;
    this.#reading = reading;
    this.#draft = draftMaker(rules);
  }

  /**
   * Reads the file from its start.
   *
   * @param take Given each batch; the read goes on when it resolves.
   * @param endIsWhole Asked of a last line without a line break, after it was read: false leaves it out. Default: true.
   * @throws {TaskFileError} If the file is not whole; nothing was given to `take` then.
   */
  async read(
    take: (batch: DraftBatch) => Promise<void>,
    endIsWhole: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<ReadEnd> {
    using file = await Deno.open(this.path, { read: true });
    // First all of it, for its syntax alone: an unfinished write must not bring half of its entries.
    await assertTaskFile(file, this.#reading);
    const seen = new Map<string, number>();
    const end: ReadEnd = { entries: 0, refused: 0, blocks: [] };
    let block: RawEntry[] = [];
    const flush = async () => {
      if (block.length === 0) return;
      const key = await digest(block.map((entry) => entry.text).join("\n"));
      let refused = this.#seen.get(key);
      if (refused === undefined) {
        const batch = await makeBatch(block, key, this.#draft);
        refused = batch.problems.length;
        await take(batch);
      }
      seen.set(key, refused);
      end.refused += refused;
      end.blocks.push(key);
      block = [];
    };
    const put = (entry: RawEntry): boolean => {
      end.entries++;
      block.push(entry);
      return block.length >= MOST_BLOCK || endsBlock(entry.text);
    };
    // Only the end of the scan says whether the last entry may be half of one.
    let last: RawEntry | undefined;
    await using scan = scanTaskFile(file, this.#reading);
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) {
      if (last !== undefined && put(last)) await flush();
      last = step.value;
    }
    if (last !== undefined && (!step.value.endsOpen || await endIsWhole())) put(last);
    await flush();
    this.#seen = seen;
    const { ignored } = step.value;
    return ignored === undefined ? end : { ...end, ignored };
  }
}

/** True for about one of so many entries, whatever stands around it. */
function endsBlock(text: string): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 8) % USUAL_BLOCK === 0;
}

async function digest(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", encoder.encode(text))).toBase64();
}

async function makeBatch(
  entries: readonly RawEntry[],
  block: string,
  draft: (entry: TaskEntry) => EntryResult,
): Promise<DraftBatch> {
  let check: ((value: unknown) => CheckedEntry) | undefined;
  const batch: DraftBatch = { drafts: [], indexes: [], lines: [], problems: [], block };
  for (const { index, line, value } of entries) {
    const plain = plainEntry(value);
    // The schema is loaded for the first entry that is not plain.
    if (plain === undefined) check ??= (await import("../queue/task_entry_schema.ts")).checkTaskEntry;
    const checked: CheckedEntry = plain === undefined ? check!(value) : { type: "entry", entry: plain };
    const result = checked.type === "problem" ? checked : draft(checked.entry);
    if (result.type === "elsewhere") continue;
    if (result.type === "problem") {
      batch.problems.push({ index, line, field: result.field, message: result.message });
    } else {
      batch.drafts.push(result.draft);
      batch.indexes.push(index);
      batch.lines.push(line);
    }
  }
  return batch;
}
