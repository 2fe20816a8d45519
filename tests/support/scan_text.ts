import type { RawEntry, ScanEnd } from "../../queue/raw_entry.ts";
import { RefusedEntry } from "../../queue/refused_entry.ts";
import type { TaskFileRules } from "../../queue/column_map.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";

/** What a task file holds. */
export interface Scanned {
  /** Its entries. */
  entries: RawEntry[];
  /** What the scan says at the end. */
  end: ScanEnd;
}

/** Cuts bytes into pieces. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

/** Scans a text, or bytes, as a task file that comes in pieces of a size, by what the user says of task files. */
export async function scanText(
  text: string | Uint8Array,
  size = 7,
  rules: TaskFileRules = {},
): Promise<Scanned> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const scanner = scanTaskFile(pieces(bytes, size), rules);
  const entries: RawEntry[] = [];
  while (true) {
    const step = await scanner.next();
    if (step.done) return { entries, end: step.value };
    entries.push(step.value);
  }
}

/** The values of the entries of a text; of one that is refused, `refused: ` and why. */
export async function valuesOf(
  text: string | Uint8Array,
  size?: number,
  rules?: TaskFileRules,
): Promise<unknown[]> {
  return (await scanText(text, size, rules)).entries.map(({ value }) => shown(value));
}

/** The lines of the entries of a text. */
export async function linesOf(text: string, size?: number): Promise<number[]> {
  return (await scanText(text, size)).entries.map(({ line }) => line);
}

function shown(value: unknown): unknown {
  return value instanceof RefusedEntry ? `refused: ${value.field} ${value.message}` : value;
}
