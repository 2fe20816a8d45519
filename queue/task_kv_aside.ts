/**
 * Tasks that are set aside: waiting ones of a host that may not be asked now. They move in whole blocks, out of the way
 * of the claims and back under their old keys, so that their order stays what it was. Each move is one commit.
 *
 * @module
 */
import { cutBlocks, encodeTexts } from "./task_kv_block.ts";
import { parseTask, type TaskText } from "./task_codec.ts";
import { taskKeys, taskShard } from "./task_keys.ts";
import type { KvStep, KvStore } from "./kv_store.ts";
import type { HostRooms } from "./host_rooms.ts";
import type { ClaimRequest } from "./task_shared_list.ts";
import { textHost } from "./url_host.ts";

type Entry = Deno.KvEntry<Uint8Array>;

/** Hosts that one claim looks at, at the most. */
const HOSTS_AT_ONCE = 32;
const BLOCKS_AT_ONCE = 90;
/** The tasks of a block, as a guess. */
const USUAL_BLOCK = 8;
/** What a key has beside the name of its host. */
const KEY_BYTES = 60;
const LF = 0x0a;
/** What a commit has beside what it sets aside: what it deletes, and the tasks of one more block. */
const SPARE_MUTATIONS = 200;
/** A commit takes 80 KiB of keys. */
const ASIDE_KEY_BYTES = 40_000;

/** Collects what one commit sets aside. */
export class AsideBlocks {
  readonly #whole: [until: number, host: string, entry: Entry][] = [];
  readonly #single = new Map<string, { until: number; host: string; priority: number; tasks: TaskText[] }>();
  /** The keys that it will set, and a fair guess of their bytes. */
  keys = 0;
  keyBytes = 0;

  /** Sets a block aside, all of whose tasks are of one host. */
  addBlock(until: number, host: string, entry: Entry): void {
    this.#whole.push([until, host, entry]);
    this.#count(host);
  }

  /** Sets one task of a block aside. */
  addTask(until: number, host: string, text: string): void {
    const task = parseTask(text);
    const name = `${until} ${task.priority} ${host}`;
    const group = this.#single.get(name);
    if (group === undefined) this.#single.set(name, { until, host, priority: task.priority, tasks: [{ task, text }] });
    else group.tasks.push({ task, text });
    this.#count(host);
  }

  /** Adds to a step what was collected. */
  place(step: KvStep): void {
    for (const [until, host, { key, value }] of this.#whole) {
      step.sets.push([taskKeys.aside(until, host, 0 - (key[2] as number), key[4] as number), value]);
    }
    for (const { until, host, priority, tasks } of this.#single.values()) {
      tasks.sort((a, b) => a.task.seq - b.task.seq);
      for (const block of cutBlocks(tasks)) {
        step.sets.push([taskKeys.aside(until, host, priority, block[0]!.task.seq), encodeTexts(block)]);
      }
    }
  }

  #count(host: string): void {
    this.keys++;
    this.keyBytes += KEY_BYTES + host.length;
  }
}

/**
 * Sets the tasks of a block aside whose host has no room.
 *
 * @returns The texts of the others.
 */
export function setAside(
  entry: Entry,
  texts: readonly string[],
  rooms: HostRooms,
  aside: AsideBlocks,
): readonly string[] {
  const hosts = texts.map(textHost);
  const untils = hosts.map((host) => rooms.take(host));
  if (untils.every((until) => until === undefined)) return texts;
  const [host, until] = [hosts[0]!, untils[0]];
  if (until !== undefined && untils.every((one, i) => one === until && hosts[i] === host)) {
    aside.addBlock(until, host, entry);
    return [];
  }
  return texts.filter((text, i) => {
    const until = untils[i];
    if (until !== undefined) aside.addTask(until, hosts[i]!, text);
    return until === undefined;
  });
}

/** True if a commit that sets these aside, and takes some tasks besides, has no room for another block. */
export function isFull(aside: AsideBlocks, taken: number, { limits }: KvStore): boolean {
  return aside.keys + taken > limits.mutations - SPARE_MUTATIONS || aside.keyBytes > ASIDE_KEY_BYTES;
}

/** Where the claims of a process are on their way through the hosts that are set aside. */
export interface AsideCursor {
  /** The last host that was looked at; absent: the next look begins with the first one. */
  last?: { until: number; host: string };
}

/**
 * Makes tasks ready again that were set aside and whose host may be asked: of each host as many as the claim could take,
 * the first ones first, so that none of them comes too late for its place in the order. Where there are more hosts than
 * one call looks at, the next call goes on with the others, so that none waits behind those without room. Whoever loses
 * the race for some of them need not care.
 */
export async function bringBack(
  store: KvStore,
  rooms: HostRooms,
  cursor: AsideCursor,
  now: number,
  { limit, reopened = [] }: Pick<ClaimRequest, "limit" | "reopened">,
): Promise<void> {
  for (const host of reopened) {
    await bringHostBack(store, 0, host, Math.min(limit, rooms.roomOf(host)));
  }
  let hosts = 0;
  for (const [first, end] of asideRanges(cursor, now)) {
    for (let start = first;; hosts++) {
      if (hosts >= HOSTS_AT_ONCE) return;
      const [entry] = await store.list({ start, end }, 1);
      if (entry === undefined) break;
      const [, , until, host] = entry.key as [string, string, number, string];
      await bringHostBack(store, until, host, Math.min(limit, rooms.roomOf(host)));
      cursor.last = { until, host };
      start = taskKeys.asideAfter(until, host);
    }
  }
  delete cursor.last;
}

/** What is to be looked at: from where the last call stopped to the end, then from the beginning to there. */
function asideRanges({ last }: AsideCursor, now: number): [start: Deno.KvKey, end: Deno.KvKey][] {
  const [start, end] = [taskKeys.asideAll(), taskKeys.asideUntil(now + 1)];
  // A clock may be set back.
  if (last === undefined || last.until > now) return [[start, end]];
  const next = taskKeys.asideAfter(last.until, last.host);
  return [[next, end], [start, next]];
}

async function bringHostBack(store: KvStore, until: number, host: string, wanted: number): Promise<void> {
  const page = Math.min(BLOCKS_AT_ONCE, store.limits.checks, Math.ceil(wanted / USUAL_BLOCK) + 1);
  for (let left = wanted; left > 0;) {
    const entries = await store.list<Uint8Array>({ prefix: taskKeys.asideOf(until, host) }, page);
    const some: Entry[] = [];
    for (const entry of entries) {
      if (left <= 0) break;
      some.push(entry);
      left -= countTasks(entry.value);
    }
    if (some.length > 0) await moveBack(store, host, some);
    if (entries.length < page) return;
  }
}

async function moveBack(store: KvStore, host: string, entries: readonly Entry[]): Promise<void> {
  const shard = taskShard(host);
  await store.commit({
    checks: entries.map(({ key, versionstamp }) => ({ key, versionstamp })),
    deletes: entries.map(({ key }) => key),
    sets: entries.map(({ key, value }) => [taskKeys.ready(0 - (key[4] as number), shard, key[5] as number), value]),
    counts: {},
    bytes: 0,
  });
}

function countTasks(block: Uint8Array): number {
  let count = 1;
  for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, at + 1)) count++;
  return count;
}
