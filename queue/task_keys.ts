/**
 * Every key of the task list on Deno KV; no other file spells one.
 *
 * A task's record lives in exactly one place, alone or in a block, and moving the record is the change of state:
 *
 * | key | value |
 * |---|---|
 * | `ready, -priority, shard, seq` | a block of tasks that can be claimed, under the first one's number: the order of the keys is the order of the claims |
 * | `aside, until, host, -priority, seq` | a block of tasks of one host that may not be asked now; else like a ready one |
 * | `delayed, notBefore, seq` | the record of a task that waits for its time |
 * | `due, seq` | where in `delayed` that record is |
 * | `running, owner, fence` | a block: what one claim took and has not settled yet |
 * | `paused / failed / canceled, seq` | the record of a task at rest |
 * | `done, seq` | a block of finished tasks, under the first one's number |
 * | `path, out` | who reserved the path, and for which url: the index of duplicates too. A task that was renamed keeps its first path, which then says the new one |
 * | `id, id` | the sequence number behind an id that the user gave |
 * | `owner, owner` | who that is; gone once its tasks may be taken |
 * | `alive, owner` | until when it may not be doubted, and what it says of itself |
 * | `dead, owner` | an owner whose tasks are being taken back: whether it left or died |
 * | `order, owner, seq` | that a task which this owner was running is not its own any more |
 * | `count, status` | how many tasks are in that state |
 * | `time` | how late it was when somebody last noted it, on a list of one machine |
 * | `removed` | that what was removed may still stand in the file |
 * | `broken, key` | a record that cannot be read, by the key under which it stood |
 * | `seq` | the last sequence number given out |
 * | `ended` | up to which number none was given out that may still come into use: set when an id names an old one |
 *
 * Keys are ordered by sequence and never by a hash: random keys cost SQLite several times more.
 *
 * @module
 */
import type { TaskStatus } from "./task_model.ts";

const ROOT = "task_shared_list";

/** Hosts are spread over this many shards, so that owners which claim at the same time seldom meet. */
export const SHARDS = 16;

/** States in which a task rests: nobody claims it. */
export type RestingStatus = Exclude<TaskStatus, "waiting" | "running">;

/** The resting states. */
export const RESTING: readonly RestingStatus[] = ["paused", "failed", "canceled", "done"];

/** The keys. */
export const taskKeys = {
  ready: (priority: number, shard: number, seq: number): Deno.KvKey => [ROOT, "ready", 0 - priority, shard, seq],
  readyAll: (): Deno.KvKey => [ROOT, "ready"],
  readyFrom: (priority: number, shard: number): Deno.KvKey => [ROOT, "ready", 0 - priority, shard],
  aside: (
    until: number,
    host: string,
    priority: number,
    seq: number,
  ): Deno.KvKey => [ROOT, "aside", until, host, 0 - priority, seq],
  asideAll: (): Deno.KvKey => [ROOT, "aside"],
  asideUntil: (time: number): Deno.KvKey => [ROOT, "aside", time],
  asideOf: (until: number, host: string): Deno.KvKey => [ROOT, "aside", until, host],
  asideFrom: (until: number, host: string, priority: number): Deno.KvKey => [ROOT, "aside", until, host, 0 - priority],
  asideAfter: (until: number, host: string): Deno.KvKey => [ROOT, "aside", until, `${host}\0`],
  delayed: (notBefore: number, seq: number): Deno.KvKey => [ROOT, "delayed", notBefore, seq],
  delayedAll: (): Deno.KvKey => [ROOT, "delayed"],
  delayedUntil: (time: number): Deno.KvKey => [ROOT, "delayed", time],
  due: (seq: number): Deno.KvKey => [ROOT, "due", seq],
  running: (owner: string, fence: string): Deno.KvKey => [ROOT, "running", owner, fence],
  runningOf: (owner: string): Deno.KvKey => [ROOT, "running", owner],
  runningAll: (): Deno.KvKey => [ROOT, "running"],
  isRunning: (key: Deno.KvKey): boolean => key[1] === "running",
  isDelayed: (key: Deno.KvKey): boolean => key[1] === "delayed",
  resting: (status: RestingStatus, seq: number): Deno.KvKey => [ROOT, status, seq],
  restingAll: (status: RestingStatus): Deno.KvKey => [ROOT, status],
  path: (out: string): Deno.KvKey => [ROOT, "path", out],
  id: (id: string): Deno.KvKey => [ROOT, "id", id],
  owner: (owner: string): Deno.KvKey => [ROOT, "owner", owner],
  ownerAll: (): Deno.KvKey => [ROOT, "owner"],
  alive: (owner: string): Deno.KvKey => [ROOT, "alive", owner],
  order: (owner: string, seq: number): Deno.KvKey => [ROOT, "order", owner, seq],
  ordersOf: (owner: string): Deno.KvKey => [ROOT, "order", owner],
  dead: (owner: string): Deno.KvKey => [ROOT, "dead", owner],
  deadAll: (): Deno.KvKey => [ROOT, "dead"],
  count: (status: TaskStatus): Deno.KvKey => [ROOT, "count", status],
  time: (): Deno.KvKey => [ROOT, "time"],
  removed: (): Deno.KvKey => [ROOT, "removed"],
  broken: (name: string): Deno.KvKey => [ROOT, "broken", name],
  brokenAll: (): Deno.KvKey => [ROOT, "broken"],
  seq: (): Deno.KvKey => [ROOT, "seq"],
  ended: (): Deno.KvKey => [ROOT, "ended"],
};

/** The shard of a host (FNV-1a). */
export function taskShard(host: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = Math.imul(hash ^ host.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARDS;
}
