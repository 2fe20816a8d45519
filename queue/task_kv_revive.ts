import type { KvStore } from "./kv_store.ts";
import { taskText } from "./task_codec.ts";
import { taskRevive } from "./task_death.ts";
import { taskKeys } from "./task_keys.ts";
import { placeReady } from "./task_kv_block.ts";
import { locateTask } from "./task_kv_locate.ts";
import { decodeRunning, encodeRunning } from "./task_kv_running.ts";
import { count, emptyStep, isReady, placeAlone } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";
import type { ClaimedTask } from "./task_model.ts";

const LOST_RACES = 20;

/** Takes back the deaths that were counted for claims whose owner lives. A task that others move all the time keeps its own. */
export async function reviveTasks(store: KvStore, tasks: readonly ClaimedTask[]): Promise<void> {
  for (const task of tasks) {
    for (let races = 0; races < LOST_RACES && !await reviveOne(store, task); races++);
  }
}

/** False if somebody moved it meanwhile. */
async function reviveOne(store: KvStore, { seq, fence }: ClaimedTask): Promise<boolean> {
  const located = await locateTask(store, seq);
  const revived = located === undefined ? undefined : taskRevive(located.task, fence);
  if (located === undefined || revived === undefined) return true;
  const { entry, task: { status } } = located;
  const step = emptyStep();
  if (taskKeys.isRunning(entry.key)) {
    const { core, open } = decodeRunning(entry);
    const { owner: _, ...waiting } = revived;
    open.set(seq, taskText({ ...waiting, status: "waiting" }).text);
    step.checks.push({ key: entry.key, versionstamp: entry.versionstamp });
    step.sets.push([entry.key, encodeRunning(core, open.values())]);
  } else {
    takeTasks(step, entry, new Set([seq]));
    const text = taskText(revived);
    count(step, status, -1);
    count(step, revived.status, 1);
    if (isReady(revived)) placeReady(step, [text]);
    else placeAlone(step, text);
  }
  return (await store.commit(step)).ok;
}
