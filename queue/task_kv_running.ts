import { taskKeys } from "./task_keys.ts";
import { parseTask, textSeq } from "./task_codec.ts";
import { decodeBlock, encodeBlock } from "./task_kv_block.ts";
import { claimedTask } from "./claimed_task.ts";
import type { ClaimedTask } from "./task_model.ts";
import type { KvStore } from "./kv_store.ts";

/** What one claim took and has not settled yet. */
export interface RunningBlock {
  key: Deno.KvKey;
  versionstamp: string;
  owner: string;
  fence: string;
  core: number;
  /** The texts of its tasks, by sequence number. */
  open: Map<number, string>;
  /** True if others may have changed its tasks since they were claimed. */
  changed?: boolean;
}

/** The bytes of a running block: the core first, then the tasks. */
export function encodeRunning(core: number, texts: Iterable<string>): Uint8Array {
  return encodeBlock([String(core), ...texts]);
}

/** A running block from its entry. */
export function decodeRunning(entry: { key: Deno.KvKey; value: Uint8Array; versionstamp: string }): RunningBlock {
  const [core, ...texts] = decodeBlock(entry.value);
  const open = new Map<number, string>();
  for (const text of texts) open.set(textSeq(text), text);
  return {
    key: entry.key,
    versionstamp: entry.versionstamp,
    owner: entry.key[2] as string,
    fence: entry.key[3] as string,
    core: Number(core),
    open,
  };
}

/** The tasks of a running block. */
export function runningTasks({ owner, fence, core, open }: RunningBlock): ClaimedTask[] {
  return [...open.values()].map((text) => claimedTask(parseTask(text), owner, core, fence));
}

/** The running blocks that this process has in its hands: as many as it runs tasks, so never many. */
export class RunningBlocks {
  readonly #store: KvStore;
  readonly #known = new Map<string, RunningBlock>();

  constructor(store: KvStore) {
    this.#store = store;
  }

  /** Remembers a block as it is stored now, or forgets it once it is empty. */
  remember(block: RunningBlock): void {
    const name = `${block.owner} ${block.fence}`;
    if (block.open.size === 0) this.#known.delete(name);
    else this.#known.set(name, block);
  }

  /** Forgets a block as it was: the store knows better. Another caller may have learned of a newer one since. */
  forget(block: RunningBlock): void {
    const name = `${block.owner} ${block.fence}`;
    if (this.#known.get(name)?.versionstamp === block.versionstamp) this.#known.delete(name);
  }

  /** The block of a claim, if this process remembers it. */
  known(owner: string, fence: string): RunningBlock | undefined {
    return this.#known.get(`${owner} ${fence}`);
  }

  /** The block of a claim from the store; `undefined` if the claim has ended. */
  async read(owner: string, fence: string): Promise<RunningBlock | undefined> {
    const entry = await this.#store.get<Uint8Array>(taskKeys.running(owner, fence));
    if (entry.value === null) return undefined;
    const block = { ...decodeRunning(entry), changed: true };
    this.remember(block);
    return block;
  }
}
