import { MAX_WISH } from "./task_kv_sequence.ts";
import { taskAssignedNumber } from "./task_model.ts";
import { type Reservation, wishFor } from "./task_reservation.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";
import type { KvLimits } from "./kv_store.ts";

/** What a task's record has beyond its draft, at the most. */
const RECORD_BYTES = 1024;
const encoder = new TextEncoder();

/** A draft on its way to the list. */
export interface Candidate {
  index: number;
  draft: TaskDraft;
  wish: string;
  out: string;
  /** The number in an id that looks like an assigned one. */
  number: number | undefined;
  /** Its place in the order, once it has one. */
  seq?: number;
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
  const claimed = new Set<string>();
  const claimedIds = new Set<string>();
  const claim = (draft: TaskDraft) => {
    for (const place of placesOf(draft)) claimed.add(place);
    if (draft.id !== undefined) claimedIds.add(draft.id);
  };
  for (const candidate of chunk) {
    const { draft, index, wish } = candidate;
    const places = placesOf(draft);
    const waits = places.some((place) => claimed.has(place)) || (draft.id !== undefined && claimedIds.has(draft.id));
    if (waits) {
      claim(draft);
      continue;
    }
    // The first place that is free or has this very url: one that is free needs no look at the next.
    const place = places.find((place) => (known.paths.get(place)?.wish ?? wish) === wish);
    const same = place === undefined ? undefined : known.paths.get(place);
    if (same !== undefined) {
      results[index] = { type: "duplicate", id: same.id, out: same.out ?? place! };
      continue;
    }
    if (draft.id !== undefined && known.ids.has(draft.id)) {
      results[index] = taken(draft.id);
      continue;
    }
    if (place === undefined) {
      const holder = known.paths.get(draft.out)!.id;
      const reason = `must be free: "${draft.out}" is reserved by task "${holder}" for another url`;
      results[index] = { type: "refused", field: "out", reason };
      continue;
    }
    claim(draft);
    candidate.out = place;
    fresh.push(candidate);
  }
  return fresh;
}

/** Where a draft may go, the best place first. */
function placesOf(draft: TaskDraft): string[] {
  return draft.fallbackOut === undefined ? [draft.out] : [draft.out, draft.fallbackOut];
}

/** A draft with what its way to the list needs. */
export function makeCandidate(draft: TaskDraft, index: number): Candidate {
  const wish = wishFor(draft.url);
  const number = draft.id === undefined ? undefined : taskAssignedNumber(draft.id);
  return { index, draft, wish, out: draft.out, number };
}

/** The answer to an id that is in use. */
export function taken(id: string): AddResult {
  return { type: "refused", field: "id", reason: `must be new: "${id}" is another task's` };
}

/** The answer to a draft that can never be stored, or undefined. */
export function refusal(draft: TaskDraft, limits: KvLimits): AddResult | undefined {
  const refuse = (field: string, reason: string): AddResult => ({ type: "refused", field, reason });
  const { priority, notBefore, size: wanted } = draft;
  if (priority !== undefined && !Number.isSafeInteger(priority)) {
    return refuse("priority", `must be a safe integer: current value is ${priority}`);
  }
  if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 0)) {
    return refuse("size", `must be a safe integer of at least 0: current value is ${wanted}`);
  }
  if (notBefore !== undefined && !Number.isFinite(notBefore)) {
    return refuse("notBefore", `must be a finite number: current value is ${notBefore}`);
  }
  for (const field of ["out", "fallbackOut", "id"] as const) {
    const size = keyBytes(draft[field] ?? "");
    if (size > limits.keyBytes) {
      return refuse(field, `must be at most ${limits.keyBytes} bytes: current value has ${size}`);
    }
  }
  if (draft.id !== undefined && (taskAssignedNumber(draft.id) ?? 0) > MAX_WISH) {
    return refuse("id", `must be at most t${MAX_WISH} if it has this form: current value is ${draft.id}`);
  }
  const size = byteLength(JSON.stringify(draft)) + RECORD_BYTES;
  if (size > limits.valueBytes) {
    const field = byteLength(draft.url) > size / 2 ? "url" : "headers";
    return refuse(field, `must leave the whole task below ${limits.valueBytes} bytes: current value makes it ${size}`);
  }
  return undefined;
}

/** A key writes a zero byte as two. */
function keyBytes(text: string): number {
  return text.length * 3 < 1024 ? text.length : byteLength(text.replaceAll("\0", "\0\0"));
}

function byteLength(text: string): number {
  return text.length < 512 ? text.length * 3 : encoder.encode(text).length;
}
