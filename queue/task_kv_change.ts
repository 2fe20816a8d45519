/**
 * What an entry says anew of a task that is on the list already: another priority, other headers, and how else to fetch it.
 *
 * @module
 */
import { parseTask, taskText } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { placeReady } from "./task_kv_block.ts";
import { findTask, type Located } from "./task_kv_locate.ts";
import { decodeRunning, encodeRunning } from "./task_kv_running.ts";
import { emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";
import { decodeReservation, encodeReservation, type StoredReservation } from "./task_kv_wish.ts";
import { draftMark, isChangeable, taskWithDraft } from "./task_draft.ts";
import type { TaskDraft } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

const LOST_RACES = 20;

/**
 * Changes a task to what a draft says, and notes that at its path, so that the same draft changes nothing again.
 *
 * @param store The store.
 * @param draft The draft.
 * @param place The path where the task was found.
 * @param id The id of the task.
 * @returns False if the task is settled, or gone: then only the note is new.
 */
export async function changeTask(store: KvStore, draft: TaskDraft, place: string, id: string): Promise<boolean> {
  for (let races = 0; races < LOST_RACES; races++) {
    const { key, value, versionstamp } = await store.get<StoredReservation>(taskKeys.path(place));
    const reservation = value === null ? undefined : decodeReservation(value);
    const located = await findTask(store, id);
    if (reservation?.id !== id || located === undefined) return false;
    const step = emptyStep();
    step.checks.push({ key, versionstamp });
    const mark = draftMark(draft);
    step.sets.push([key as Deno.KvKey, encodeReservation(draft.url, id, reservation.out, mark)]);
    const changes = isChangeable(located.task);
    if (changes) rewrite(step, located, draft);
    if ((await store.commit(step)).ok) return changes;
  }
  throw new Error(`Cannot change task "${id}" as others move it again and again`);
}

function rewrite(step: KvStep, { task, entry }: Located, draft: TaskDraft): void {
  if (!taskKeys.isRunning(entry.key)) {
    takeTasks(step, entry, new Set([task.seq]));
    const changed = taskText(taskWithDraft(task, draft));
    if (isReady(changed.task)) placeReady(step, [changed]);
    else placeAlone(step, changed);
    return;
  }
  // The attempt that runs goes on as it began; the next one is made as the record says.
  const { core, open } = decodeRunning(entry);
  open.set(task.seq, taskText(taskWithDraft(parseTask(open.get(task.seq)!), draft)).text);
  step.checks.push({ key: entry.key, versionstamp: entry.versionstamp });
  step.sets.push([entry.key as Deno.KvKey, encodeRunning(core, open.values())]);
}
