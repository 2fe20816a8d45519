import type { RedisLink } from "./redis_link.ts";
import { taskRevive } from "./task_death.ts";
import type { ClaimedTask } from "./task_model.ts";
import { findBySeq, type RedisWrite, writeRecords } from "./task_redis_writer.ts";

const LOST_RACES = 20;

/** Takes back the deaths that were counted for claims whose owner lives. A task that others move all the time keeps its own. */
export async function reviveClaims(link: RedisLink, tasks: readonly ClaimedTask[], wake: string): Promise<void> {
  let open = tasks;
  for (let races = 0; races < LOST_RACES && open.length > 0; races++) {
    const records = await findBySeq(link, open.map(({ seq }) => seq));
    const writes: RedisWrite[] = [];
    const written: ClaimedTask[] = [];
    for (const [i, claim] of open.entries()) {
      const record = records[i];
      const revived = record === undefined ? undefined : taskRevive(record.task, claim.fence);
      if (record === undefined || revived === undefined) continue;
      writes.push({ seq: claim.seq, token: record.token, task: revived });
      written.push(claim);
    }
    const answers = await writeRecords(link, writes, wake);
    open = written.filter((_, i) => answers[i] !== "written");
  }
}
