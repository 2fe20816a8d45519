import type { KvStore } from "./kv_store.ts";
import { parseTask, taskText } from "./task_codec.ts";
import { encodeRunning, type RunningBlock, type RunningBlocks } from "./task_kv_running.ts";
import { emptyStep } from "./task_kv_steps.ts";
import { taskNote } from "./task_death.ts";
import type { ClaimedTask } from "./task_model.ts";
import type { NoteRequest, NoteResult } from "./task_shared_list.ts";

/**
 * Notes something of running tasks: one commit rewrites the running block of each claim, if it is as this process knows it.
 *
 * @returns One result for each request, in order.
 */
export async function noteTasks(
  store: KvStore,
  blocks: RunningBlocks,
  notes: readonly NoteRequest[],
): Promise<NoteResult[]> {
  const results: NoteResult[] = notes.map(() => ({ type: "stale" }));
  const claims = Map.groupBy(notes.keys(), (i) => `${notes[i]!.task.owner} ${notes[i]!.task.fence}`);
  for (const ofClaim of claims.values()) {
    while (!await noteInBlock(store, blocks, notes, ofClaim, results));
  }
  return results;
}

/** False if somebody touched the block meanwhile: then the store says how it is now. */
async function noteInBlock(
  store: KvStore,
  blocks: RunningBlocks,
  notes: readonly NoteRequest[],
  ofClaim: readonly number[],
  results: NoteResult[],
): Promise<boolean> {
  const { owner, fence } = notes[ofClaim[0]!]!.task;
  const block = blocks.known(owner, fence) ?? await blocks.read(owner, fence);
  if (block === undefined) return true;
  const open = new Map(block.open);
  for (const i of ofClaim) {
    const { task: { seq }, note } = notes[i]!;
    const text = open.get(seq);
    if (text === undefined) continue;
    const task = taskNote(parseTask(text), note);
    open.set(seq, taskText(task).text);
    results[i] = { type: "noted", task: claimed(task, block) };
  }
  const step = emptyStep();
  step.checks.push({ key: block.key, versionstamp: block.versionstamp });
  step.sets.push([block.key, encodeRunning(block.core, open.values())]);
  const committed = await store.commit(step);
  if (committed.ok) {
    blocks.remember({ ...block, open, versionstamp: committed.versionstamp });
    return true;
  }
  blocks.forget(block);
  for (const i of ofClaim) results[i] = { type: "stale" };
  return false;
}

function claimed(task: Parameters<typeof taskNote>[0], { owner, core, fence }: RunningBlock): ClaimedTask {
  return { ...task, status: "running", owner, core, fence };
}
