/**
 * Taking tasks out of the record that holds them, in whatever state they are: the first half of every move that a user
 * asks for. The second half places them elsewhere, in the same commit.
 *
 * @module
 */
import { textSeq } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { decodeBlock, encodeBlock } from "./task_kv_block.ts";
import { decodeRunning, encodeRunning } from "./task_kv_running.ts";
import type { KvStep } from "./kv_store.ts";

const KEY_BYTES = 60;

/**
 * Adds to a step: take tasks out of the entry that holds their records, alone or in a block, if nobody touched it since it
 * was read. Their counters are not in it.
 *
 * @param step The step.
 * @param entry The entry, as {@linkcode locateTask} or a walk through the list has read it.
 * @param seqs The numbers of the tasks to take; the others of a block stay.
 */
export function takeTasks(step: KvStep, entry: Deno.KvEntry<Uint8Array>, seqs: ReadonlySet<number>): void {
  const { key, value, versionstamp } = entry;
  step.checks.push({ key, versionstamp });
  step.deletes.push(key);
  step.bytes += 2 * KEY_BYTES + value.length;
  if (taskKeys.isRunning(key)) {
    const block = decodeRunning(entry);
    const rest = [...block.open].filter(([seq]) => !seqs.has(seq)).map(([, text]) => text);
    if (rest.length > 0) step.sets.push([key, encodeRunning(block.core, rest)]);
    return;
  }
  const texts = decodeBlock(value);
  for (const text of taskKeys.isDelayed(key) ? texts : []) step.deletes.push(taskKeys.due(textSeq(text)));
  const rest = texts.filter((text) => !seqs.has(textSeq(text)));
  // Always under its own first task: under another's number, that one's next record would take its place.
  if (rest.length > 0) step.sets.push([[...key.slice(0, -1), textSeq(rest[0]!)], encodeBlock(rest)]);
}
