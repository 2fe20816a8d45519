/**
 * Records in KV that cannot be read. They are looked for only once one was met: then whatever is read is looked at, and what is
 * broken of it goes under a key of its own, as it is.
 *
 * @module
 */
import { BrokenRecordError } from "./broken_record_error.ts";
import type { KvStep, KvStore } from "./kv_store.ts";
import { parseTask, textSeq } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { decodeBlock, encodeBlock } from "./task_kv_block.ts";
import { count, emptyStep } from "./task_kv_steps.ts";
import type { TaskStatus } from "./task_model.ts";
import { type BrokenRecords, MOST_BROKEN } from "./task_shared_list.ts";

/** The state of the tasks in each place. */
const PLACES: Readonly<Record<string, TaskStatus>> = {
  ...{ ready: "waiting", aside: "waiting", delayed: "waiting", running: "running" },
  ...{ paused: "paused", failed: "failed", canceled: "canceled", done: "done" },
};
const TRIES = 20;
/** How a record begins, even if the rest of it is torn. */
const BEGINNING = /^\[\d+,"(?:[^"\\]|\\.)*",("(?:[^"\\]|\\.)*")/s;
const GIVEN_ID = /"id":("(?:[^"\\]|\\.)*")/s;
const encoder = new TextEncoder();

type Entry = Deno.KvEntry<unknown>;

/** Finds broken records, and keeps those that were found. */
export class TaskKvBroken {
  readonly #store: KvStore;
  #looking = 0;

  constructor(store: KvStore) {
    this.#store = store;
  }

  /** Does something with the list; where a broken record is met, that is set aside, and it is done once more. */
  async past<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof BrokenRecordError)) throw error;
    }
    this.#looking++;
    this.#store.look = (entries) => this.#look(entries);
    try {
      return await operation();
    } finally {
      if (--this.#looking === 0) delete this.#store.look;
    }
  }

  /** What was set aside. */
  async list(): Promise<BrokenRecords> {
    const keys: string[] = [];
    let total = 0;
    for await (const page of this.#pages()) {
      total += page.length;
      keys.push(...page.slice(0, MOST_BROKEN - keys.length).map((key) => key[2] as string));
    }
    return { total, keys };
  }

  /** Removes what was set aside, and says how many and which were there; without keys, all of it. */
  async remove(keys?: readonly string[]): Promise<{ count: number; removed: string[] }> {
    if (keys !== undefined) {
      const entries = await this.#store.getMany(keys.map(taskKeys.broken));
      const there = entries.filter(({ versionstamp }) => versionstamp !== null).map(({ key }) => key);
      await this.#delete(there);
      return { count: there.length, removed: there.map((key) => key[2] as string) };
    }
    let total = 0;
    for await (const page of this.#pages()) {
      await this.#delete(page);
      total += page.length;
    }
    return { count: total, removed: [] };
  }

  async *#pages(): AsyncGenerator<Deno.KvKey[], void, void> {
    const prefix = taskKeys.brokenAll();
    let start: Deno.KvKey | undefined;
    while (true) {
      const entries = await this.#store.list(start === undefined ? { prefix } : { prefix, start }, 200);
      if (entries.length > 0) yield entries.map(({ key }) => key);
      const last = entries.at(-1);
      if (last === undefined || entries.length < 200) return;
      start = taskKeys.broken(`${last.key[2] as string}\0`);
    }
  }

  async #delete(keys: readonly Deno.KvKey[]): Promise<void> {
    if (keys.length === 0) return;
    const step = emptyStep();
    step.deletes.push(...keys);
    step.sets.push([taskKeys.removed(), true]);
    await this.#store.commit(step);
  }

  /** Sets aside what is broken of some entries; true if that was anything, so that they must be read again. */
  async #look(entries: readonly Deno.KvEntryMaybe<unknown>[]): Promise<boolean> {
    let found = false;
    for (const entry of entries) {
      if (entry.versionstamp === null || PLACES[entry.key[1] as string] === undefined) continue;
      for (let tries = 0, open: Entry | undefined = entry; open !== undefined && tries < TRIES; tries++) {
        const step = await this.#stepFor(open);
        if (step === undefined) break;
        found = true;
        if ((await this.#store.commit(step)).ok) break;
        const now: Deno.KvEntryMaybe<unknown> = await this.#store.get(open.key);
        open = now.versionstamp === null ? undefined : now;
      }
    }
    return found;
  }

  async #stepFor({ key, value, versionstamp }: Entry): Promise<KvStep | undefined> {
    const place = key[1] as string;
    const running = place === "running";
    const lines = value instanceof Uint8Array ? decodeBlock(value) : [];
    const core = running ? lines.shift() : undefined;
    const good = lines.filter(isWhole);
    const fine = value instanceof Uint8Array && good.length === lines.length && (!running || /^\d+$/.test(core ?? ""));
    if (fine) return undefined;
    const step: KvStep = { ...emptyStep(), checks: [{ key, versionstamp }] };
    step.deletes.push(key);
    if (place === "delayed") step.deletes.push(taskKeys.due(key[3] as number));
    for (const [index, line] of lines.entries()) {
      if (isWhole(line)) continue;
      await this.#keep(step, `${nameOf(key)}${lines.length > 1 ? `#${index + 1}` : ""}`, line);
      count(step, PLACES[place]!, -1);
      const out = salvaged(BEGINNING.exec(line)?.[1]);
      if (out !== undefined) step.deletes.push(taskKeys.path(out));
      const id = salvaged(GIVEN_ID.exec(line)?.[1]);
      if (id !== undefined) step.deletes.push(taskKeys.id(id));
    }
    if (!(value instanceof Uint8Array)) {
      await this.#keep(step, nameOf(key), value);
      count(step, PLACES[place]!, -1);
    }
    if (good.length > 0) {
      const whole = running ? [/^\d+$/.test(core ?? "") ? core! : "0", ...good] : good;
      step.sets.push([running ? key : [...key.slice(0, -1), textSeq(good[0]!)], encodeBlock(whole)]);
    }
    return step;
  }

  async #keep(step: KvStep, name: string, value: unknown): Promise<void> {
    let key = taskKeys.broken(name);
    for (let more = 2; (await this.#store.get(key)).versionstamp !== null; more++) {
      key = taskKeys.broken(`${name}~${more}`);
    }
    step.sets.push([key, typeof value === "string" ? encoder.encode(value) : value]);
  }
}

function isWhole(text: string): boolean {
  try {
    parseTask(text);
    return true;
  } catch (error) {
    if (error instanceof BrokenRecordError) return false;
    throw error;
  }
}

function nameOf(key: Deno.KvKey): string {
  return key.slice(1).map(String).join(":");
}

function salvaged(json: string | undefined): string | undefined {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
