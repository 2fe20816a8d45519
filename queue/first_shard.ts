import { SHARDS } from "./task_keys.ts";
import type { ClaimRequest } from "./task_shared_list.ts";

/** The shard at which a claim begins: each worker has its own ones, and goes round them claim by claim. */
export function firstShard(request: ClaimRequest, turn: number): number {
  const { index, of } = request.worker ?? { index: 0, of: 1 };
  const own: number[] = [];
  for (let shard = index % SHARDS; shard < SHARDS; shard += Math.min(of, SHARDS)) own.push(shard);
  return own[turn % own.length] ?? 0;
}
