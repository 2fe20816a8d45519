import { type TaskText, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { type Candidate, type Known, makeCandidate, refusal, resolve, taken } from "./task_kv_draft.ts";
import { locateTask } from "./task_kv_locate.ts";
import { TaskKvSequence, type TaskNumber } from "./task_kv_sequence.ts";
import { placeReady } from "./task_kv_block.ts";
import { count, emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import type { Task } from "./task_model.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

const CHUNK = 90;
const AHEAD = 1000;
const LOST_RACES = 50;
/** Three bytes a character at the most, each worth nine of the budget. */
const KEY_WEIGHT = 27;

type Take = (wishes: (number | undefined)[]) => Promise<TaskNumber[]>;

/** Puts drafts on the list, and tells which were there already. */
export class TaskKvAdder {
  readonly #store: KvStore;
  /** True if drafts before were known, or met others at their path: then looking first costs less than failing first. */
  #lookFirst = false;

  constructor(store: KvStore) {
    this.#store = store;
  }

  async add(drafts: readonly TaskDraft[], now: number): Promise<AddResult[]> {
    const results: AddResult[] = new Array(drafts.length);
    const candidates: Candidate[] = [];
    for (const [index, draft] of drafts.entries()) {
      const refused = refusal(draft, this.#store.limits);
      if (refused !== undefined) results[index] = refused;
      else candidates.push(makeCandidate(draft, index));
    }
    const sequence = new TaskKvSequence(this.#store);
    const plain = candidates.every((candidate) => candidate.number === undefined);
    for (let i = 0; i < candidates.length; i += CHUNK) {
      const chunk = candidates.slice(i, i + CHUNK);
      const ahead = plain && !this.#lookFirst ? Math.min(candidates.length - i - chunk.length, AHEAD) : 0;
      await this.#addChunk(chunk, results, now, (wishes) => sequence.take(wishes, ahead));
    }
    return results;
  }

  async #addChunk(
    chunk: Candidate[],
    results: AddResult[],
    now: number,
    take: Take,
  ): Promise<void> {
    // An id that looks like an assigned one needs more than a check: whether its number went to another task.
    let look = this.#lookFirst || chunk.some((candidate) => candidate.number !== undefined);
    let smooth = true;
    for (let races = 0; chunk.length > 0 && races < LOST_RACES;) {
      const before = chunk.length;
      const fresh = resolve(chunk, results, look ? await this.#read(chunk) : { paths: new Map(), ids: new Set() });
      await this.#number(fresh.filter((candidate) => candidate.seq === undefined), results, take);
      const items = fresh.filter(({ index }) => results[index] === undefined).map((candidate) => {
        const entry = taskText(makeTask(candidate, now));
        return { step: addStep(entry, candidate), entry, candidate };
      });
      for (const part of this.#store.chunks(items)) {
        const ready = part.map((item) => item.entry).filter((entry) => isReady(entry.task));
        const steps = [...part.map((item) => item.step), placeReady(ready)];
        if (!(await this.#store.commit(steps)).ok) continue;
        for (const { entry: { task }, candidate } of part) {
          results[candidate.index] = { type: "added", id: task.id, out: task.out };
          if (task.out !== candidate.draft.out) smooth = false;
        }
      }
      chunk = chunk.filter((candidate) => results[candidate.index] === undefined);
      if (chunk.length > 0 || fresh.length < before) smooth = false;
      if (chunk.length === before && look) races++;
      look = true;
    }
    this.#lookFirst = !smooth;
    for (const { index } of chunk) {
      results[index] = { type: "refused", field: "out", reason: "must be free: others took it again and again" };
    }
  }

  /** Gives candidates their numbers, which stay theirs whatever becomes of the commit. */
  async #number(candidates: readonly Candidate[], results: AddResult[], take: Take): Promise<void> {
    if (candidates.length === 0) return;
    const numbers = await take(candidates.map((candidate) => candidate.number));
    for (const [i, candidate] of candidates.entries()) {
      const { seq, granted } = numbers[i]!;
      candidate.seq = seq;
      if (candidate.number === undefined || granted || await this.#isFree(candidate.number)) continue;
      results[candidate.index] = taken(candidate.draft.id!);
    }
  }

  /** Reads what the list knows of the paths and the ids that these candidates wish for. */
  async #read(chunk: readonly Candidate[]): Promise<Known> {
    const ids = new Set(chunk.flatMap(({ draft }) => draft.id ?? []));
    const known: Known = { paths: new Map(), ids: new Set() };
    const [idEntries] = await Promise.all([
      this.#store.getMany<number>([...ids].map(taskKeys.id)),
      this.#readPaths(chunk.map(({ draft }) => draft.out), known),
    ]);
    for (const { key, value } of idEntries) if (value !== null) known.ids.add(key[2] as string);
    // Where the first choice is free or known for this url, nobody asks for the second.
    const second = chunk.filter(({ draft, wish }) => (known.paths.get(draft.out)?.wish ?? wish) !== wish);
    await this.#readPaths(second.flatMap(({ draft }) => draft.fallbackOut ?? []), known);
    return known;
  }

  async #readPaths(paths: readonly string[], known: Known): Promise<void> {
    for (const { key, value } of await this.#store.getMany<string>([...new Set(paths)].map(taskKeys.path))) {
      if (value === null) continue;
      const space = value.indexOf(" ");
      known.paths.set(key[2] as string, { wish: value.slice(0, space), id: value.slice(space + 1) });
    }
  }

  /** Whether a number that was given out went to a task with another id. If it left no task yet, it still may. */
  async #isFree(number: number): Promise<boolean> {
    const located = await locateTask(this.#store, number);
    return located !== undefined && located.task.id !== `t${number}`;
  }
}

function makeTask({ draft, out, seq }: Candidate, now: number): Task {
  if (seq === undefined) throw new TypeError(`Cannot add "${out}" as it has no number`);
  return {
    id: draft.id ?? `t${seq}`,
    seq,
    url: draft.url,
    out,
    priority: draft.priority ?? 0,
    ...(draft.headers === undefined ? {} : { headers: draft.headers }),
    ...(draft.mirrors === undefined ? {} : { mirrors: draft.mirrors }),
    ...(draft.limitRate === undefined ? {} : { limitRate: draft.limitRate }),
    ...(draft.segments === undefined ? {} : { segments: draft.segments }),
    ...(draft.checksum === undefined ? {} : { checksum: draft.checksum }),
    ...(draft.size === undefined ? {} : { size: draft.size }),
    status: "waiting",
    attempts: 0,
    crashes: 0,
    ...(draft.notBefore === undefined ? {} : { notBefore: draft.notBefore }),
    addedAt: now,
  };
}

function addStep(entry: TaskText, { draft, wish }: Candidate): KvStep {
  const { task } = entry;
  const step = emptyStep();
  count(step, "waiting", 1);
  if (isReady(task)) step.bytes += textBytes(entry.text);
  else placeAlone(step, entry);
  const reserve = (key: Deno.KvKey, value: unknown, text: string) => {
    step.checks.push({ key, versionstamp: null });
    step.sets.push([key, value]);
    // A commit takes far fewer bytes of keys than of values: long keys count for more.
    step.bytes += 80 + text.length * KEY_WEIGHT;
  };
  reserve(taskKeys.path(task.out), `${wish} ${task.id}`, task.out);
  if (draft.id !== undefined) reserve(taskKeys.id(draft.id), task.seq, draft.id);
  return step;
}
