import type { RedisLink } from "./redis_link.ts";
import { type Task, taskAssignedNumber, type TaskStatus } from "./task_model.ts";
import { type RawRecord, rawRecords, readRecords } from "./redis_broken.ts";
import { encodeRecord, redisField, type RedisRecord, statusLetter } from "./task_redis_record.ts";
import { listScript } from "./task_redis_prelude.ts";
import { FIND, PAGE, WRITE } from "./task_redis_scripts.ts";

const write = listScript(WRITE);
const find = listScript(FIND);
const page = listScript(PAGE);

/** Records that one call writes or finds, at the most. */
export const WRITES_AT_ONCE = 200;

/** What a write does beside the record. */
export type RedisExtra =
  | readonly ["path", path: string, value: string]
  | readonly ["unpath", path: string]
  | readonly ["unid", id: string]
  | readonly ["order", owner: string, order: string];

/** A record that is to be written over another. */
export interface RedisWrite {
  /** Its number. */
  seq: number;
  /** What the record before must begin with. */
  token: string;
  /** The task as it will be; absent: it is removed. */
  task?: Task;
  /** What else happens with it. */
  extra?: readonly RedisExtra[];
}

/** What became of a write: it is done, or the record was another, or there is none any more. */
export type WriteResult = "written" | RedisRecord | undefined;

/**
 * Writes records, each if it still is as its writer has seen it.
 *
 * @param wake Who wakes others, if tasks can be claimed after it; empty: nobody does.
 * @returns One result for each, in order.
 */
export async function writeRecords(
  link: RedisLink,
  writes: readonly RedisWrite[],
  wake: string,
): Promise<WriteResult[]> {
  const results: WriteResult[] = [];
  for (let from = 0; from < writes.length; from += WRITES_AT_ONCE) {
    const args: string[] = [];
    for (const { seq, token, task, extra } of writes.slice(from, from + WRITES_AT_ONCE)) {
      const record = task === undefined ? "" : encodeRecord(task, token.split("\t", 3)[2]!);
      args.push(String(seq), token, record, extra === undefined ? "" : JSON.stringify(extra));
    }
    const answer = await link.run(write, (again) => [wake, again ? "1" : "", ...args]) as string[];
    const raw = answer.map((each, i): RawRecord => [String(writes[from + i]!.seq), each === "1" ? "" : each]);
    const others = await readRecords(link, raw);
    for (const [i, each] of answer.entries()) results.push(each === "1" ? "written" : others[i]);
  }
  return results;
}

/** Finds tasks by their ids; one result for each, in order. */
export async function findById(link: RedisLink, ids: readonly string[]): Promise<(RedisRecord | undefined)[]> {
  const records = await findRecords(link, ids.flatMap((id) => [`=${redisField(id)}`, taskAssignedNumber(id) ?? ""]));
  return records.map((record, i) => record?.task.id === ids[i] ? record : undefined);
}

/** Finds tasks by their numbers; one result for each, in order. */
export async function findBySeq(link: RedisLink, seqs: readonly number[]): Promise<(RedisRecord | undefined)[]> {
  return await findRecords(link, seqs.flatMap((seq) => ["", seq]));
}

async function findRecords(
  link: RedisLink,
  wanted: readonly (string | number)[],
): Promise<(RedisRecord | undefined)[]> {
  const records: (RedisRecord | undefined)[] = [];
  for (let from = 0; from < wanted.length; from += 2 * WRITES_AT_ONCE) {
    const args = wanted.slice(from, from + 2 * WRITES_AT_ONCE).map(String);
    records.push(...await readRecords(link, rawRecords(await link.run(find, () => args) as string[])));
  }
  return records;
}

/** A part of the tasks of one state, by number, and where the next part begins. */
export interface RedisPage {
  records: RedisRecord[];
  next: string | undefined;
}

/** Reads the tasks of one state, part by part. */
export async function readPage(
  link: RedisLink,
  status: TaskStatus,
  from: string,
  buckets: number,
): Promise<RedisPage> {
  const args = [statusLetter(status), from, String(buckets)];
  const [next, ...values] = await link.run(page, () => args) as string[];
  const read = await readRecords(link, rawRecords(values));
  const records = read.filter((record) => record !== undefined).sort((a, b) => a.task.seq - b.task.seq);
  return { records, next: next === "" ? undefined : next };
}
