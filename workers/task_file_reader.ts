import { fileBytes } from "../base/file_bytes.ts";
import type { TaskFileRules } from "../queue/column_map.ts";
import { plainEntry } from "../queue/plain_entry.ts";
import type { CheckedEntry } from "../queue/task_entry_schema.ts";
import type { TaskEntry } from "../queue/task_request.ts";
import { assertTaskFile } from "../queue/task_file_check.ts";
import type { GrowingForm } from "../queue/growing_form.ts";
import { lineOffset } from "../queue/line_offset.ts";
import type { RawEntry, ScanEnd } from "../queue/raw_entry.ts";
import { TaskFileError } from "../queue/task_file_error.ts";
import { scanTaskFileRest } from "../queue/task_file_rest.ts";
import { scanTaskFile } from "../queue/task_file_scan.ts";
import type { TaskDraft } from "../queue/task_shared_list.ts";
import { draftMaker, type DraftRules, type EntryResult } from "../download/task_draft.ts";
import type { EntryProblem } from "./proc_messages.ts";

/** Where a block ends is up to its entries, so that one that comes or goes changes no block but its own. */
const USUAL_BLOCK = 200;
const MOST_BLOCK = 1000;
/** So much of what was there before is looked at to tell a file that has grown from one that was written anew. */
const SAMPLE_BYTES = 4096;
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
  /** What stands for its entries, in order; see {@linkcode DraftBatch.block}. Empty unless the whole file was read. */
  blocks: string[];
  /** The names of what means nothing to a task; absent: there are none. */
  ignored?: readonly string[];
  /** True if what was there before was taken to be what it was: only what is new was read. */
  partly: boolean;
}

/** Where a read of a file that has grown begins: at the last block of the read before. */
interface Resume {
  form: GrowingForm;
  /** The inode, and how long the file was. */
  inode: number | null;
  size: number;
  /** The first entry of the block: its line, where that begins, its index, and what stands for a part of what is before. */
  line: number;
  offset: number;
  index: number;
  sample: string;
  /** The block. */
  key: string;
  /** How many entries before it are not taken, and which names mean nothing. */
  refused: number;
  ignored: readonly string[];
}

/** What a scan has given. */
interface Taken {
  entries: number;
  refused: number;
  /** How many entries of each block are not taken. */
  blocks: Map<string, number>;
  order: string[];
  end: ScanEnd;
  /** The first entry of the last block. */
  last: { line: number; index: number; key: string; entries: number } | undefined;
}

type Take = (batch: DraftBatch) => Promise<void>;
type EndIsWhole = () => Promise<boolean>;

/**
 * Reads a task file, again and again. A file that is not whole yields nothing at all; what a read before has seen is
 * skipped by blocks of equal entries. Of a file that has only grown, what was there before need not be read.
 */
export class TaskFileReader {
  /** The task file. */
  readonly path: string;
  readonly #reading: TaskFileRules;
  readonly #draft: (entry: TaskEntry) => EntryResult;
  /** The blocks of the read before, and how many entries of each are not taken. */
  #seen = new Map<string, number>();
  #resume: Resume | undefined;

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
   * Reads the file.
   *
   * @param take Given each batch; the read goes on when it resolves.
   * @param endIsWhole Asked of a last line without a line break, after it was read: false leaves it out. Default: true.
   * @param whole Read all of it. Default true; otherwise only what is new, if it seems to have grown.
   * @throws {TaskFileError} If the file is not whole; nothing was given to `take` then.
   */
  async read(
    take: Take,
    endIsWhole: EndIsWhole = () => Promise.resolve(true),
    whole = true,
  ): Promise<ReadEnd> {
    using file = await Deno.open(this.path, { read: true });
    const { ino, size } = await file.stat();
    const resume = whole ? undefined : await this.#grown(file, ino, size);
    const end = resume === undefined ? undefined : await this.#readRest(file, resume, size, take, endIsWhole);
    return end ?? await this.#readAll(file, { ino, size }, take, endIsWhole);
  }

  async #readAll(
    file: Deno.FsFile,
    { ino, size }: Pick<Deno.FileInfo, "ino" | "size">,
    take: Take,
    endIsWhole: EndIsWhole,
  ): Promise<ReadEnd> {
    this.#resume = undefined;
    await file.seek(0, Deno.SeekMode.Start);
    // First all of it, for its syntax alone: an unfinished write must not bring half of its entries.
    await assertTaskFile(file, this.#reading);
    const taken = await this.#take(scanTaskFile(file, this.#reading), take, endIsWhole);
    this.#seen = taken.blocks;
    const { form, ignored = [] } = taken.end;
    if (form !== undefined) {
      const start = { form, inode: ino, size, line: 1, offset: 0, index: 0, refused: 0, ignored };
      this.#resume = await this.#resumeAfter(file, start, taken);
    }
    const { entries, refused, order } = taken;
    return { entries, refused, blocks: order, ...(ignored.length === 0 ? {} : { ignored }), partly: false };
  }

  /** Reads from the last block of the read before on; undefined if only a read of all of it tells what is wrong there. */
  async #readRest(
    file: Deno.FsFile,
    resume: Resume,
    size: number,
    take: Take,
    endIsWhole: EndIsWhole,
  ): Promise<ReadEnd | undefined> {
    try {
      const scan = await this.#scanRest(file, resume);
      while (!(await scan.next()).done);
    } catch (error) {
      if (error instanceof TaskFileError) return undefined;
      throw error;
    }
    const taken = await this.#take(await this.#scanRest(file, resume), take, endIsWhole);
    // Entries that are as they were before a change are not as they are now.
    if (!taken.blocks.has(resume.key)) this.#seen.delete(resume.key);
    for (const [key, refused] of taken.blocks) this.#seen.set(key, refused);
    const ignored = [...new Set([...resume.ignored, ...taken.end.ignored ?? []])];
    this.#resume = await this.#resumeAfter(file, { ...resume, size, ignored }, taken);
    return {
      entries: resume.index + taken.entries,
      refused: resume.refused + taken.refused,
      blocks: [],
      ...(ignored.length === 0 ? {} : { ignored }),
      partly: true,
    };
  }

  /** Where to go on, if the file is the one that it was, and longer. */
  async #grown(file: Deno.FsFile, inode: number | null, size: number): Promise<Resume | undefined> {
    const resume = this.#resume;
    if (resume === undefined || inode !== resume.inode || size <= resume.size) return undefined;
    return await sampleOf(file, resume.offset) === resume.sample ? resume : undefined;
  }

  /** Where the next read begins: undefined if a scan from the last block on does not give the same as the one before. */
  async #resumeAfter(
    file: Deno.FsFile,
    start: Omit<Resume, "sample" | "key">,
    { last, blocks, refused }: Taken,
  ): Promise<Resume | undefined> {
    if (last === undefined) return undefined;
    const { form } = start;
    const offset = await lineOffset(file, start, last.line, form.type === "values");
    if (offset === undefined || offset === 0) return undefined;
    const { key, line, index } = last;
    const before = start.refused + refused - blocks.get(key)!;
    const resume = { ...start, line, offset, index, key, refused: before, sample: await sampleOf(file, offset) };
    const texts: string[] = [];
    try {
      // It may have grown since, or more than one entry may stand on that line.
      for await (const { text } of await this.#scanRest(file, resume)) {
        if (texts.push(text) >= last.entries) break;
      }
    } catch (error) {
      if (error instanceof TaskFileError) return undefined;
      throw error;
    }
    return await digest(texts.join("\n")) === key ? resume : undefined;
  }

  async #scanRest(
    file: Deno.FsFile,
    { form, offset, index, line }: Pick<Resume, "form" | "offset" | "index" | "line">,
  ): Promise<AsyncGenerator<RawEntry, ScanEnd>> {
    await file.seek(offset, Deno.SeekMode.Start);
    return shifted(scanTaskFileRest(form, fileBytes(file), this.#reading), index, line - 1);
  }

  /** Gives what a scan finds to `take`, block by block. */
  async #take(entries: AsyncGenerator<RawEntry, ScanEnd>, take: Take, endIsWhole: EndIsWhole): Promise<Taken> {
    const taken: Omit<Taken, "end"> = { entries: 0, refused: 0, blocks: new Map(), order: [], last: undefined };
    let block: RawEntry[] = [];
    const flush = async () => {
      const [first] = block;
      if (first === undefined) return;
      const key = await digest(block.map((entry) => entry.text).join("\n"));
      let refused = this.#seen.get(key);
      if (refused === undefined) {
        const batch = await makeBatch(block, key, this.#draft);
        refused = batch.problems.length;
        await take(batch);
      }
      taken.blocks.set(key, refused);
      taken.refused += refused;
      taken.order.push(key);
      taken.last = { line: first.line, index: first.index, key, entries: block.length };
      block = [];
    };
    const put = (entry: RawEntry): boolean => {
      taken.entries++;
      block.push(entry);
      return block.length >= MOST_BLOCK || endsBlock(entry.text);
    };
    // Only the end of the scan says whether the last entry may be half of one.
    let last: RawEntry | undefined;
    await using scan = entries;
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) {
      if (last !== undefined && put(last)) await flush();
      last = step.value;
    }
    if (last !== undefined && (!step.value.endsOpen || await endIsWhole())) put(last);
    await flush();
    return { ...taken, end: step.value };
  }
}

/** Entries as they stand in a file of which only the rest was read. */
async function* shifted(
  entries: AsyncGenerator<RawEntry, ScanEnd>,
  indexes: number,
  lines: number,
): AsyncGenerator<RawEntry, ScanEnd> {
  await using scan = entries;
  let step = await scan.next();
  for (; step.done !== true; step = await scan.next()) {
    const { index, line, value, text } = step.value;
    yield { index: index + indexes, line: line + lines, value, text };
  }
  return step.value;
}

/** Stands for what a file begins with, and for what comes right before a place in it. */
async function sampleOf(file: Deno.FsFile, offset: number): Promise<string> {
  const length = Math.min(SAMPLE_BYTES, offset);
  const bytes = new Uint8Array(2 * length);
  for (const [from, part] of [[0, bytes.subarray(0, length)], [offset - length, bytes.subarray(length)]] as const) {
    await file.seek(from, Deno.SeekMode.Start);
    await file.read(part);
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toBase64();
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
