import { type TaskText, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { draftMark, draftRefusal, makeTask } from "./task_draft.ts";
import { type Candidate, type Known, makeCandidate, resolve, secondPlace, taken } from "./task_kv_draft.ts";
import { decodeReservation, encodeReservation, isFor, type StoredReservation } from "./task_kv_wish.ts";
import { changeTask } from "./task_kv_change.ts";
import { locateTask } from "./task_kv_locate.ts";
import { TaskKvSequence } from "./task_kv_sequence.ts";
import { placeReady } from "./task_kv_block.ts";
import { count, emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import type { Task } from "./task_model.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

const CHUNK = 90;
const AHEAD = 1000;
const LOST_RACES = 50;
/** Whoever has lost a race waits for up to this time. */
const RACE_WAIT_MS = 20;
/** Three bytes a character at the most, each worth nine of the budget. */
const KEY_WEIGHT = 27;

/** Candidates that go to the list in one commit. */
interface Part {
  step: KvStep;
  candidates: Candidate[];
}

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
    const candidates = this.#screen(drafts, results);
    const sequence = new TaskKvSequence(this.#store);
    const plain = candidates.every((candidate) => candidate.number === undefined);
    for (let i = 0; i < candidates.length; i += CHUNK) {
      const chunk = candidates.slice(i, i + CHUNK);
      const ahead = plain && !this.#lookFirst ? Math.min(candidates.length - i - chunk.length, AHEAD) : 0;
      await this.#addChunk(chunk, results, now, sequence, ahead);
    }
    return results;
  }

  /** Says what would become of drafts, each by itself. */
  async preview(drafts: readonly TaskDraft[]): Promise<AddResult[]> {
    const results: AddResult[] = new Array(drafts.length);
    const candidates = this.#screen(drafts, results);
    for (let i = 0; i < candidates.length; i += CHUNK) {
      const chunk = candidates.slice(i, i + CHUNK);
      const known = await this.#read(chunk);
      for (const candidate of chunk) {
        const [fresh] = resolve([candidate], results, known);
        if (fresh === undefined) continue;
        const { index, draft: { id = "" }, out, number } = fresh;
        const isFree = number === undefined || await this.#isFree(number);
        results[index] = isFree ? { type: "added", id, out } : taken(id);
      }
    }
    return results;
  }

  /** Refuses what can never be stored; the others are candidates. */
  #screen(drafts: readonly TaskDraft[], results: AddResult[]): Candidate[] {
    const candidates: Candidate[] = [];
    for (const [index, draft] of drafts.entries()) {
      const refused = draftRefusal(draft, this.#store.limits);
      if (refused !== undefined) results[index] = refused;
      else candidates.push(makeCandidate(draft, index));
    }
    return candidates;
  }

  async #addChunk(
    chunk: Candidate[],
    results: AddResult[],
    now: number,
    sequence: TaskKvSequence,
    ahead: number,
  ): Promise<void> {
    // An id that looks like an assigned one needs more than a check: whether its number went to another task.
    let look = this.#lookFirst || chunk.some((candidate) => candidate.number !== undefined);
    let smooth = true;
    for (let races = 0; chunk.length > 0 && races < LOST_RACES;) {
      const before = chunk.length;
      const fresh = resolve(chunk, results, look ? await this.#read(chunk) : { paths: new Map(), ids: new Set() });
      for (const { index, draft, out } of chunk) {
        const result = results[index];
        if (result?.type !== "changed") continue;
        if (!await changeTask(this.#store, draft, out, result.id)) results[index] = { ...result, type: "duplicate" };
      }
      await this.#number(fresh, results, sequence, ahead);
      let lost = false;
      for (const part of this.#parts(fresh.filter(({ index }) => results[index] === undefined), now, sequence)) {
        if (!(await this.#store.commit(part.step)).ok) {
          lost = true;
          continue;
        }
        for (const { index, draft, out, seq } of part.candidates) {
          results[index] = { type: "added", id: draft.id ?? `t${seq}`, out };
          if (out !== draft.out) smooth = false;
        }
      }
      const { check } = sequence;
      if (lost) await sequence.look();
      // Numbers that were ended are nobody's race for a path.
      const ended = sequence.check !== check;
      chunk = chunk.filter((candidate) => results[candidate.index] === undefined);
      if (chunk.length > 0 || fresh.length < before) smooth = false;
      if (chunk.length === before && look) {
        if (!ended) races++;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * RACE_WAIT_MS));
      }
      look = true;
    }
    this.#lookFirst = !smooth;
    for (const { index } of chunk) {
      results[index] = { type: "refused", field: "out", reason: "must be free: others took it again and again" };
    }
  }

  /** Puts candidates into commits: each reserves its paths by a check that nobody has them. */
  *#parts(candidates: readonly Candidate[], now: number, { check }: TaskKvSequence): Generator<Part> {
    const { limits } = this.#store;
    const checks = check === undefined ? [] : [check];
    let part: Part = { step: { ...emptyStep(), checks: [...checks] }, candidates: [] };
    let ready: TaskText[] = [];
    for (const candidate of candidates) {
      const { step } = part;
      const full = step.checks.length + 2 > limits.checks || step.sets.length + 4 + ready.length > limits.mutations;
      if (full || step.bytes > limits.bytes) {
        placeReady(step, ready);
        yield part;
        part = { step: { ...emptyStep(), checks: [...checks] }, candidates: [] };
        ready = [];
      }
      part.candidates.push(candidate);
      const entry = taskText(makeTask(candidate.draft, candidate.out, numberOf(candidate), now));
      reserve(part.step, entry.task, candidate);
      if (!isReady(entry.task)) placeAlone(part.step, entry);
      else {
        part.step.bytes += textBytes(entry.text);
        ready.push(entry);
      }
    }
    placeReady(part.step, ready);
    if (part.candidates.length > 0) yield part;
  }

  /** Gives candidates their numbers, which stay theirs as long as they hold. */
  async #number(
    candidates: readonly Candidate[],
    results: AddResult[],
    sequence: TaskKvSequence,
    ahead: number,
  ): Promise<void> {
    while (true) {
      const { check } = sequence;
      const open = candidates.filter((one) =>
        results[one.index] === undefined && (one.seq === undefined || one.check !== check)
      );
      if (open.length === 0) return;
      const numbers = await sequence.take(open.map((candidate) => candidate.number), ahead);
      for (const [i, candidate] of open.entries()) {
        const { seq, granted } = numbers[i]!;
        candidate.seq = seq;
        candidate.check = sequence.check;
        if (candidate.number === undefined || granted || await this.#isFree(candidate.number)) continue;
        results[candidate.index] = taken(candidate.draft.id!);
      }
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
    const second = chunk.filter(({ draft }) => {
      const first = known.paths.get(draft.out);
      return first !== undefined && !isFor(first, draft.url);
    });
    await this.#readPaths(second.flatMap((candidate) => secondPlace(candidate) ?? []), known);
    return known;
  }

  async #readPaths(paths: readonly string[], known: Known): Promise<void> {
    const keys = [...new Set(paths)].map(taskKeys.path);
    for (const { key, value } of await this.#store.getMany<StoredReservation>(keys)) {
      if (value !== null) known.paths.set(key[2] as string, decodeReservation(value));
    }
  }

  /** Whether no task has the id that goes with a number. */
  async #isFree(number: number): Promise<boolean> {
    return (await locateTask(this.#store, number))?.task.id !== `t${number}`;
  }
}

/** Adds to a step: one more task waits, and its path and the id that the user gave are its own. */
function reserve(step: KvStep, { id, seq, out, url }: Task, { draft }: Candidate): void {
  count(step, "waiting", 1);
  const path = taskKeys.path(out);
  step.checks.push({ key: path, versionstamp: null });
  step.sets.push([path, encodeReservation(url, id, undefined, draftMark(draft))]);
  // A commit takes far fewer bytes of keys than of values: long keys count for more.
  step.bytes += 80 + url.length + out.length * KEY_WEIGHT;
  if (draft.id === undefined) return;
  const key = taskKeys.id(id);
  step.checks.push({ key, versionstamp: null });
  step.sets.push([key, seq]);
  step.bytes += 80 + id.length * KEY_WEIGHT;
}

function numberOf({ out, seq }: Candidate): number {
  if (seq === undefined) throw new TypeError(`Cannot add "${out}" as it has no number`);
  return seq;
}
