/**
 * The time of a list on one machine. What waits stands under the time until which it waits, by the machine's clock: when that
 * is set back, it would wait until the clock has come there again. So the list knows how late it was, and whoever first sees
 * that it is earlier again moves what waits by as much. Times that users named stay.
 *
 * @module
 */
import type { KvStore } from "./kv_store.ts";
import { decodeTask, taskText } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { emptyStep, joinSteps, placeAlone } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";

/** A clock may be corrected by less, and nobody waits long for that. */
const STEP_MS = 5000;
/** How exactly the list knows how late it was. */
const NOTE_MS = 1000;
const DELAYED_AT_ONCE = 500;
const ASIDE_AT_ONCE = 90;

/**
 * Notes how late it is, and moves what waits if the clock was set back since.
 *
 * @param store The store; that of several machines, whose clocks differ, is left as it is.
 * @param now Milliseconds since the epoch.
 */
export async function keepTime(store: KvStore, now: number): Promise<void> {
  if (!store.ofOneMachine) return;
  const { key, value, versionstamp } = await store.get<number>(taskKeys.time());
  const back = (value ?? now) - now;
  if (back <= STEP_MS && value !== null && Math.abs(back) < NOTE_MS) return;
  const step = { ...emptyStep(), checks: [{ key, versionstamp }] };
  step.sets.push([key, now]);
  // One of all that see it moves what waits.
  if ((await store.commit(step)).ok && back > STEP_MS) {
    await moveDelayed(store, now, back);
    await moveAside(store, now, back);
  }
}

async function moveDelayed(store: KvStore, now: number, back: number): Promise<void> {
  for (let start = taskKeys.delayedUntil(now + 1);;) {
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.delayedAll(), start }, DELAYED_AT_ONCE);
    const steps = entries.flatMap((entry) => {
      const task = decodeTask(entry.value);
      // Nobody had it in hand yet: its time is one that a user named.
      if (task.core === undefined) return [];
      const step = emptyStep();
      takeTasks(step, entry, new Set([task.seq]));
      placeAlone(step, taskText({ ...task, notBefore: Math.max(now, task.notBefore! - back) }));
      return [{ step }];
    });
    // What somebody else has moved meanwhile is not as it was read: its chunk stays, and waits for longer.
    for (const chunk of store.chunks(steps)) await store.commit(joinSteps(chunk.map(({ step }) => step)));
    const last = entries.at(-1);
    if (last === undefined || entries.length < DELAYED_AT_ONCE) return;
    start = [...last.key.slice(0, -1), (last.key.at(-1) as number) + 1];
  }
}

async function moveAside(store: KvStore, now: number, back: number): Promise<void> {
  for (let start = taskKeys.asideUntil(now + 1);;) {
    const page = Math.min(ASIDE_AT_ONCE, store.limits.checks);
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.asideAll(), start }, page);
    const last = entries.at(-1);
    if (last === undefined) return;
    await store.commit({
      ...emptyStep(),
      checks: entries.map(({ key, versionstamp }) => ({ key, versionstamp })),
      deletes: entries.map(({ key }) => key),
      sets: entries.map(({ key, value }) => {
        const [, , until, host, priority, seq] = key as [string, string, number, string, number, number];
        return [taskKeys.aside(Math.max(now, until - back), host, 0 - priority, seq), value];
      }),
    });
    start = [...last.key.slice(0, -1), (last.key.at(-1) as number) + 1];
  }
}
