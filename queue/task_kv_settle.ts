import { decodeTask } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { emptyStep, placeTask, takeTask } from "./task_kv_steps.ts";
import { type Task, taskSettle } from "./task_model.ts";
import type { Settlement, SettleResult } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

interface Item {
  index: number;
  key: Deno.KvKey;
  fence: string;
  step: KvStep;
  task: Task;
}

/**
 * Ends claims. Each moves its record from the owner's running keys to where the outcome says, checked against the fence:
 * the versionstamp that the claim gave to the running record, and that nothing but a claim can give.
 *
 * @returns One result for each settlement, in order.
 */
export async function settleTasks(
  store: KvStore,
  settlements: readonly Settlement[],
  now: number,
): Promise<SettleResult[]> {
  const results: SettleResult[] = new Array(settlements.length);
  let open: Item[] = [];
  const claims = new Set<string>();
  for (const [index, settlement] of settlements.entries()) {
    const { owner, seq, fence } = settlement.task;
    // A claim ends once: two steps for it in one commit would both pass the check and store the task twice.
    const claim = `${seq} ${fence} ${owner}`;
    if (claims.has(claim)) results[index] = { type: "stale" };
    else open.push(makeItem(settlement, index, now, store.limits.valueBytes));
    claims.add(claim);
  }
  while (open.length > 0) {
    const again: Item[] = [];
    for (const chunk of store.chunks(open)) {
      if ((await store.commit(chunk.map((item) => item.step))).ok) {
        for (const { index, task } of chunk) results[index] = { type: "settled", task };
        continue;
      }
      const entries = await store.getMany(chunk.map((item) => item.key));
      for (const [i, item] of chunk.entries()) {
        if (entries[i]?.versionstamp === item.fence) again.push(item);
        else results[item.index] = { type: "stale" };
      }
    }
    open = again;
  }
  return results;
}

function makeItem({ task: claimed, outcome }: Settlement, index: number, now: number, valueBytes: number): Item {
  const { fence, ...running } = claimed;
  const key = taskKeys.running(claimed.owner, claimed.seq);
  const make = (task: Task): Item => {
    const step = emptyStep();
    takeTask(step, { key, versionstamp: fence }, running);
    placeTask(step, task);
    return { index, key, fence, step, task };
  };
  const item = make(taskSettle(running, outcome, now));
  // A record that outgrew its value could never be settled, and would run for ever.
  return item.step.bytes > valueBytes ? make(shorten(item.task)) : item;
}

function shorten(task: Task): Task {
  const { finalUrl: _url, etag: _etag, lastModified: _date, error, ...rest } = task;
  return error === undefined ? rest : { ...rest, error: { ...error, message: error.message.slice(0, 500) } };
}

/** Gives back what an owner was running, and says how many tasks that were; `outcome` says whether it died over them. */
export async function giveBack(
  store: KvStore,
  owner: string,
  outcome: "released" | "crashed",
  now: number,
): Promise<number> {
  let count = 0;
  while (true) {
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.runningOf(owner) }, 500);
    if (entries.length === 0) return count;
    const settlements = entries.map((entry): Settlement => {
      const task = decodeTask(entry.value);
      return {
        task: { ...task, fence: entry.versionstamp } as Settlement["task"],
        outcome: { type: outcome },
      };
    });
    const results = await settleTasks(store, settlements, now);
    count += results.filter((result) => result.type === "settled").length;
  }
}
