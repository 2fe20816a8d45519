import type { RedisLink } from "./redis_link.ts";
import { encodeRecord, redisField, redisMark, type RedisRecord } from "./task_redis_record.ts";
import { listScript } from "./task_redis_prelude.ts";
import { RENAME } from "./task_redis_scripts.ts";
import { findBySeq, WRITES_AT_ONCE } from "./task_redis_writer.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import type { RenameRequest, RenameResult } from "./task_shared_list.ts";

const rename = listScript(RENAME);

interface OpenRename extends RenameRequest {
  index: number;
}

/** Gives running tasks other paths; one result for each, in order. */
export async function renameClaims(link: RedisLink, renames: readonly RenameRequest[]): Promise<RenameResult[]> {
  const results: RenameResult[] = new Array(renames.length);
  let open: OpenRename[] = renames.map((request, index) => ({ ...request, index }));
  while (open.length > 0) {
    const batch = open.slice(0, WRITES_AT_ONCE);
    open = [...await renameBatch(link, batch, results), ...open.slice(WRITES_AT_ONCE)];
  }
  return results;
}

/** Returns what has to be looked at again, as others wrote it meanwhile. */
async function renameBatch(
  link: RedisLink,
  batch: readonly OpenRename[],
  results: RenameResult[],
): Promise<OpenRename[]> {
  const records = await findBySeq(link, batch.map(({ task }) => task.seq));
  const asked: { item: OpenRename; moved: Task[] }[] = [];
  const args: string[] = [];
  for (const [i, item] of batch.entries()) {
    const record = records[i];
    if (!isHeld(record, item.task)) results[item.index] = { type: "stale" };
    else if (record.task.named === true) results[item.index] = { type: "named", task: claimed(record.task, item.task) };
    else {
      const { task } = record;
      const places = item.fallbackOut === undefined ? [item.out] : [item.out, item.fallbackOut];
      const moved = places.map((out): Task => {
        return { ...task, out, named: true, ...(out === task.out ? {} : { firstOut: task.out }) };
      });
      asked.push({ item, moved });
      args.push(String(task.seq), record.token, String(places.length), redisField(task.out), redisMark(task));
      for (const place of [0, 1]) {
        const to = moved[place];
        args.push(to === undefined ? "" : redisField(to.out), to === undefined ? "" : encodeRecord(to, record.fence));
      }
    }
  }
  if (asked.length === 0) return [];
  const answer = await link.run(rename, () => args) as string[];
  const again: OpenRename[] = [];
  for (const [i, { item, moved }] of asked.entries()) {
    const got = answer[i]!;
    if (got === "") again.push(item);
    else if (got === "0") results[item.index] = { type: "taken" };
    else results[item.index] = { type: "named", task: claimed(moved[Number(got) - 1]!, item.task) };
  }
  return again;
}

function isHeld(record: RedisRecord | undefined, { fence, owner }: ClaimedTask): record is RedisRecord {
  return record?.task.status === "running" && record.fence === fence && record.task.owner === owner;
}

function claimed(task: Task, { owner, core, fence }: ClaimedTask): ClaimedTask {
  return { ...task, status: "running", owner, core, fence };
}
