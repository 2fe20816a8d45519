import { decodeTask } from "./task_codec.ts";
import { RESTING, SHARDS, taskKeys } from "./task_keys.ts";
import { type Task, taskAssignedNumber } from "./task_model.ts";
import type { KvStore } from "./kv_store.ts";

const LOOKS = 5;

/** A task and where its record is. */
export interface Located {
  entry: { key: Deno.KvKey; versionstamp: string };
  task: Task;
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
    const located = await lookOnce(store, seq);
    if (located !== undefined) return located;
  }
  return undefined;
}

async function lookOnce(store: KvStore, seq: number): Promise<Located | undefined> {
  const [due, owners, dead] = await Promise.all([
    store.get<number>(taskKeys.due(seq)),
    store.list({ prefix: taskKeys.ownerAll() }, 100_000),
    store.list({ prefix: taskKeys.deadAll() }, 100_000),
  ]);
  const located = await readFirst(store, [
    ...RESTING.map((status) => taskKeys.resting(status, seq)),
    ...[...owners, ...dead].map((entry) => taskKeys.running(entry.key[2] as string, seq)),
    ...(due.value === null ? [] : [taskKeys.delayed(due.value, seq)]),
  ]);
  if (located !== undefined) return located;
  const prefix = taskKeys.readyAll();
  let start: Deno.KvKey | undefined;
  while (true) {
    const [head] = await store.list(start === undefined ? { prefix } : { prefix, start }, 1);
    if (head === undefined) return undefined;
    const priority = 0 - (head.key[2] as number);
    const keys = Array.from({ length: SHARDS }, (_, shard) => taskKeys.ready(priority, shard, seq));
    const ready = await readFirst(store, keys);
    if (ready !== undefined) return ready;
    start = taskKeys.readyFrom(priority, SHARDS);
  }
}

async function readFirst(store: KvStore, keys: readonly Deno.KvKey[]): Promise<Located | undefined> {
  const entry = (await store.getMany<Uint8Array>(keys)).find((entry) => entry.value !== null);
  if (entry === undefined || entry.value === null) return undefined;
  return { entry, task: decodeTask(entry.value) };
}
