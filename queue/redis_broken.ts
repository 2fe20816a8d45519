/**
 * Records on Redis that cannot be read. Whoever meets one sets it aside, as it is, under its key.
 *
 * @module
 */
import { BrokenRecordError } from "./broken_record_error.ts";
import type { RedisLink } from "./redis_link.ts";
import { listScript } from "./task_redis_prelude.ts";
import { decodeRecord, type RedisRecord } from "./task_redis_record.ts";
import { BROKEN, SET_ASIDE } from "./task_redis_scripts.ts";
import { MOST_BROKEN } from "./task_shared_list.ts";
import type { BrokenRecords } from "./task_shared_list.ts";

const setAside = listScript(SET_ASIDE);
const broken = listScript(BROKEN);

/** A number, and the record under it as it was read; empty if there is none. */
export type RawRecord = readonly [seq: string, value: string];

/** Cuts numbers and records, one after the other, into pairs. */
export function rawRecords(answer: readonly string[]): RawRecord[] {
  return Array.from({ length: answer.length / 2 }, (_, i) => [answer[2 * i]!, answer[2 * i + 1]!]);
}

/** Reads records; where there is none, or one that cannot be read and is set aside now, is none in the answer. */
export async function readRecords(link: RedisLink, raw: readonly RawRecord[]): Promise<(RedisRecord | undefined)[]> {
  const bad: string[] = [];
  const records = raw.map(([seq, value]) => {
    if (value === "") return undefined;
    try {
      return decodeRecord(value);
    } catch (error) {
      if (!(error instanceof BrokenRecordError)) throw error;
      bad.push(seq, value);
      return undefined;
    }
  });
  if (bad.length > 0) await link.run(setAside, () => bad);
  return records;
}

/** Sets tasks aside that an owner has claimed and cannot read. */
export async function setClaimedAside(
  link: RedisLink,
  owner: string,
  fence: string,
  texts: readonly string[],
): Promise<void> {
  await link.run(setAside, () => ["", owner, fence, ...texts]);
}

/** What was set aside. */
export async function brokenRecords(link: RedisLink): Promise<BrokenRecords> {
  const [total, ...keys] = await link.run(broken, () => ["list", String(MOST_BROKEN)]) as string[];
  return { total: Number(total), keys: keys.sort() };
}

/** Removes what was set aside, and says how many and which were there; without keys, all of it. */
export async function removeBroken(
  link: RedisLink,
  keys?: readonly string[],
): Promise<{ count: number; removed: string[] }> {
  const [total, ...removed] = await link.run(
    broken,
    () => keys === undefined ? ["clear"] : ["remove", ...keys],
  ) as string[];
  return { count: keys === undefined ? Number(total) : removed.length, removed };
}
