import { isFor, type Reservation } from "./task_kv_wish.ts";
import { draftMark } from "./task_draft.ts";
import { taskAssignedNumber } from "./task_model.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";

/** A draft on its way to the list. */
export interface Candidate {
  index: number;
  draft: TaskDraft;
  /** Where it goes. */
  out: string;
  /** Where it goes otherwise, once that was asked; `null` if nowhere. */
  second: string | null | undefined;
  /** The number in an id that looks like an assigned one. */
  number: number | undefined;
  /** Its place in the order, once it has one. */
  seq?: number;
  /** What must hold for that: see {@linkcode TaskKvSequence}. */
  check?: Deno.AtomicCheck | undefined;
}

/** What the list knows of the paths and the ids that some candidates wish for. */
export interface Known {
  paths: Map<string, Reservation>;
  ids: Set<string>;
}

/**
 * Settles the candidates that the list knows, and finds each of the others a path. What meets another of the same chunk
 * waits for the next round, when the list says how that one ended: the results are those of adding one by one.
 */
export function resolve(chunk: readonly Candidate[], results: AddResult[], known: Known): Candidate[] {
  const fresh: Candidate[] = [];
  // What others of this chunk have, or may get.
  const places = new Set<string>();
  const ids = new Set<string>();
  for (const candidate of chunk) {
    const { draft, index } = candidate;
    const { id, out } = draft;
    const meets = places.has(out) || (id !== undefined && ids.has(id));
    const first = known.paths.get(out);
    const mine = first === undefined || isFor(first, draft.url);
    // Whoever can have its first place does not ask for the second.
    const second = meets || !mine ? secondPlace(candidate) : null;
    if (meets || (second !== null && places.has(second))) {
      if (id !== undefined) ids.add(id);
      places.add(out);
      if (second !== null) places.add(second);
      continue;
    }
    const place = mine ? out : second;
    const holder = place === null ? undefined : known.paths.get(place);
    if (holder !== undefined && isFor(holder, draft.url)) {
      const type = holder.mark === draftMark(draft) ? "duplicate" : "changed";
      if (type === "changed") {
        candidate.out = place!;
        // Another of this chunk that speaks of the same task has to see what became of it.
        places.add(place!);
      }
      results[index] = { type, id: holder.id, out: holder.out ?? place! };
    } else if (id !== undefined && known.ids.has(id)) {
      results[index] = taken(id);
    } else if (place === null || holder !== undefined) {
      const reason = `must be free: "${out}" is reserved by task "${first!.id}" for another url`;
      results[index] = { type: "refused", field: "out", reason };
    } else {
      if (id !== undefined) ids.add(id);
      places.add(place);
      candidate.out = place;
      fresh.push(candidate);
    }
  }
  return fresh;
}

/** Where a candidate goes if another has its first place; `null` if nowhere. */
export function secondPlace(candidate: Candidate): string | null {
  const { draft, second } = candidate;
  if (second !== undefined) return second;
  const { fallbackOut } = draft;
  return candidate.second = (typeof fallbackOut === "function" ? fallbackOut(draft) : fallbackOut) ?? null;
}

/** A draft with what its way to the list needs. */
export function makeCandidate(draft: TaskDraft, index: number): Candidate {
  const number = draft.id === undefined ? undefined : taskAssignedNumber(draft.id);
  return { index, draft, out: draft.out, second: undefined, number };
}

/** The answer to an id that is in use. */
export function taken(id: string): AddResult {
  return { type: "refused", field: "id", reason: `must be new: "${id}" is another task's` };
}
