import { settledText } from "./settled_text.ts";
import type { RedisLink } from "./redis_link.ts";
import { type RedisWrite, writeRecords, type WriteResult } from "./task_redis_writer.ts";
import { type Task, taskWithRequest } from "./task_model.ts";
import type { Settlement, SettleResult } from "./task_shared_list.ts";

/** How long a record may be, in bytes: what a local list takes, so that a task fits into every list. */
export const RECORD_LIMITS = { keyBytes: 1536, valueBytes: 60 * 1024 };

const STALE: SettleResult = { type: "stale" };

/**
 * Ends claims, in one call for each 200. A claim that has ended, or is another owner's, is stale. What others have changed
 * of a task while it ran stays changed.
 *
 * @param now The server's time.
 * @returns One result for each settlement, in order.
 */
export async function settleClaims(
  link: RedisLink,
  settlements: readonly Settlement[],
  now: number,
  wake: string,
): Promise<SettleResult[]> {
  const results: SettleResult[] = settlements.map(() => STALE);
  const claims = new Set<string>();
  let open: { index: number; write: RedisWrite; after: Task }[] = [];
  for (const [index, settlement] of settlements.entries()) {
    const { seq, fence, owner } = settlement.task;
    const claim = `${seq} ${fence}`;
    if (claims.has(claim)) continue;
    claims.add(claim);
    const after = settledText(settlement, now, RECORD_LIMITS.valueBytes).task;
    open.push({ index, after, write: { seq, token: `0\tr\t${fence}\t${encodeURIComponent(owner)}\t`, task: after } });
  }
  while (open.length > 0) {
    const answers = await writeRecords(link, open.map(({ write }) => write), wake);
    const later: typeof open = [];
    for (const [i, { index, write, after }] of open.entries()) {
      const answer = answers[i];
      if (answer === "written") results[index] = { type: "settled", task: write.task! };
      else if (isOpen(answer, settlements[index]!)) {
        const task = taskWithRequest(after, answer.task);
        later.push({ index, after, write: { seq: write.seq, token: answer.token, task } });
      }
    }
    open = later;
  }
  return results;
}

/** True if the claim still stands, though the record was written since. */
function isOpen(answer: WriteResult, { task }: Settlement): answer is Exclude<WriteResult, "written" | undefined> {
  return typeof answer === "object" && answer.task.status === "running" && answer.fence === task.fence &&
    answer.task.owner === task.owner;
}
