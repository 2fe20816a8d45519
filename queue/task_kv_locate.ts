import { decodeTask, isTextOf, parseTask } from "./task_codec.ts";
import { RESTING, SHARDS, taskKeys } from "./task_keys.ts";
import { decodeBlock } from "./task_kv_block.ts";
import { findDone } from "./task_kv_done.ts";
import { decodeRunning, runningTasks } from "./task_kv_running.ts";
import { type Task, taskAssignedNumber } from "./task_model.ts";
import type { KvStore } from "./kv_store.ts";

const LOOKS = 4;
/** The look that reads every block which could hold the task: the one after the first, which finds nearly all. */
const THOROUGH_LOOK = 1;
/** Blocks are ordered by their first tasks, so that a task is nearly always in the last one that begins before it. */
const NEAREST = 2;
const PAGE = 20;

/** A task, and the entry that its record is in: its own, or a block. */
export interface Located {
  task: Task;
  entry: Deno.KvEntry<Uint8Array>;
}

/** Finds a task by its id, wherever its record is. */
export async function findTask(store: KvStore, id: string): Promise<Located | undefined> {
  const given = await store.get<number>(taskKeys.id(id));
  const seq = given.value ?? taskAssignedNumber(id);
  const located = seq === undefined ? undefined : await locateTask(store, seq);
  return located?.task.id === id ? located : undefined;
}

/** Finds a task by its sequence number. A record that moves between two reads is missed by both, so it looks again. */
export async function locateTask(store: KvStore, seq: number): Promise<Located | undefined> {
  const last = await store.get<number>(taskKeys.seq());
  for (let look = 0; look < LOOKS && seq <= (last.value ?? 0); look++) {
    const located = await findAlone(store, seq) ?? await findDone(store, seq) ??
      await findRunning(store, seq) ?? await findReady(store, seq, look === THOROUGH_LOOK) ??
      await findAside(store, seq, look === THOROUGH_LOOK);
    if (located !== undefined) return located;
  }
  return undefined;
}

async function findAlone(store: KvStore, seq: number): Promise<Located | undefined> {
  const due = await store.get<number>(taskKeys.due(seq));
  const keys = RESTING.filter((status) => status !== "done").map((status) => taskKeys.resting(status, seq));
  if (due.value !== null) keys.push(taskKeys.delayed(due.value, seq));
  const entry = (await store.getMany<Uint8Array>(keys)).find((entry) => entry.value !== null);
  if (entry === undefined || entry.versionstamp === null) return undefined;
  return { entry, task: decodeTask(entry.value) };
}

async function findRunning(store: KvStore, seq: number): Promise<Located | undefined> {
  for (const entry of await store.list<Uint8Array>({ prefix: taskKeys.runningAll() }, 100_000)) {
    const task = runningTasks(decodeRunning(entry)).find((task) => task.seq === seq);
    if (task === undefined) continue;
    const { fence: _, ...found } = task;
    return { task: found, entry };
  }
  return undefined;
}

async function findReady(store: KvStore, seq: number, thorough: boolean): Promise<Located | undefined> {
  const prefix = taskKeys.readyAll();
  let start: Deno.KvKey | undefined;
  while (true) {
    const [head] = await store.list(start === undefined ? { prefix } : { prefix, start }, 1);
    if (head === undefined) return undefined;
    const priority = 0 - (head.key[2] as number);
    const looks = Array.from({ length: SHARDS }, (_, shard) => {
      const from = taskKeys.readyFrom(priority, shard);
      return findInBlocks(store, from, taskKeys.ready(priority, shard, seq + 1), seq, thorough);
    });
    const located = (await Promise.all(looks)).find((found) => found !== undefined);
    if (located !== undefined) return located;
    start = taskKeys.readyFrom(priority, SHARDS);
  }
}

async function findAside(store: KvStore, seq: number, thorough: boolean): Promise<Located | undefined> {
  const prefix = taskKeys.asideAll();
  let start: Deno.KvKey | undefined;
  while (true) {
    const [head] = await store.list(start === undefined ? { prefix } : { prefix, start }, 1);
    if (head === undefined) return undefined;
    const [, , until, host, order] = head.key as [string, string, number, string, number];
    const from = taskKeys.asideFrom(until, host, 0 - order);
    const located = await findInBlocks(store, from, taskKeys.aside(until, host, 0 - order, seq + 1), seq, thorough);
    if (located !== undefined) return located;
    start = taskKeys.aside(until, host, 0 - order, Infinity);
  }
}

/** Looks for a task in blocks that are ordered by their first tasks. */
async function findInBlocks(
  store: KvStore,
  start: Deno.KvKey,
  before: Deno.KvKey,
  seq: number,
  thorough: boolean,
): Promise<Located | undefined> {
  let end = before;
  while (true) {
    const page = thorough ? PAGE : NEAREST;
    const entries = await store.list<Uint8Array>({ start, end }, page, true);
    for (const entry of entries) {
      for (const text of decodeBlock(entry.value)) {
        if (isTextOf(text, seq)) return { task: parseTask(text), entry };
      }
    }
    const last = entries.at(-1);
    if (!thorough || last === undefined || entries.length < page) return undefined;
    end = last.key as Deno.KvKey;
  }
}
