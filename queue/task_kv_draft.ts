import { MAX_WISH } from "./task_kv_sequence.ts";
import { isFor, type Reservation, wishMark } from "./task_kv_wish.ts";
import { taskAssignedNumber } from "./task_model.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";
import type { KvLimits } from "./kv_store.ts";

/** What a task's record has beyond its draft, at the most. */
const RECORD_BYTES = 1024;
const encoder = new TextEncoder();

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
      const type = holder.mark === wishMark(draft) ? "duplicate" : "changed";
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
    const value = draft[field];
    const size = typeof value === "string" ? keyBytes(value) : 0;
    if (size > limits.keyBytes) {
      return refuse(field, `must be at most ${limits.keyBytes} bytes: current value has ${size}`);
    }
  }
  if (draft.id !== undefined && (taskAssignedNumber(draft.id) ?? 0) > MAX_WISH) {
    return refuse("id", `must be at most t${MAX_WISH} if it has this form: current value is ${draft.id}`);
  }
  if (isShort(draft, limits.valueBytes)) return undefined;
  const size = byteLength(JSON.stringify(draft)) + RECORD_BYTES;
  if (size > limits.valueBytes) {
    const field = byteLength(draft.url) > size / 2 ? "url" : "headers";
    return refuse(field, `must leave the whole task below ${limits.valueBytes} bytes: current value makes it ${size}`);
  }
  return undefined;
}

/** True if it is plain at a glance that the record is not too long: in JSON, a character has six bytes at the most. */
function isShort({ url, out, id = "", checksum = "", headers, mirrors }: TaskDraft, valueBytes: number): boolean {
  if (headers !== undefined || mirrors !== undefined) return false;
  return 6 * (url.length + out.length + id.length + checksum.length) + RECORD_BYTES <= valueBytes;
}

/** A key writes a zero byte as two. */
function keyBytes(text: string): number {
  return text.length * 3 < 1024 ? text.length : byteLength(text.replaceAll("\0", "\0\0"));
}

function byteLength(text: string): number {
  return text.length < 512 ? text.length * 3 : encoder.encode(text).length;
}
