import type { RedisLink } from "./redis_link.ts";
import type { RedisRecord } from "./task_redis_record.ts";
import { findBySeq, type RedisWrite, writeRecords } from "./task_redis_writer.ts";
import { taskNote } from "./task_death.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import type { NoteRequest, NoteResult } from "./task_shared_list.ts";

/** Notes something of running tasks; one result for each, in order. */
export async function noteClaims(link: RedisLink, notes: readonly NoteRequest[]): Promise<NoteResult[]> {
  const results: NoteResult[] = notes.map(() => ({ type: "stale" }));
  let open = [...notes.keys()];
  while (open.length > 0) {
    // One record after the other where two notes are of the same task.
    const seen = new Set<number>();
    const later = open.filter((i) => seen.size === seen.add(notes[i]!.task.seq).size);
    const now = open.filter((i) => !later.includes(i));
    const records = await findBySeq(link, now.map((i) => notes[i]!.task.seq));
    const writes: (RedisWrite & { index: number; task: Task })[] = [];
    for (const [at, index] of now.entries()) {
      const record = records[at];
      const { task, note } = notes[index]!;
      if (!isHeld(record, task)) continue;
      writes.push({ index, seq: task.seq, token: record.token, task: taskNote(record.task, note) });
    }
    const answers = await writeRecords(link, writes, "");
    for (const [at, { index, task }] of writes.entries()) {
      // What others wrote meanwhile is looked at again.
      if (answers[at] === "written") results[index] = { type: "noted", task: claimed(task, notes[index]!.task) };
      else later.push(index);
    }
    open = later;
  }
  return results;
}

function isHeld(record: RedisRecord | undefined, { fence, owner }: ClaimedTask): record is RedisRecord {
  return record?.task.status === "running" && record.fence === fence && record.task.owner === owner;
}

function claimed(task: Task, { owner, core, fence }: ClaimedTask): ClaimedTask {
  return { ...task, status: "running", owner, core, fence };
}
