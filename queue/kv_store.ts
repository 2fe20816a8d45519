import { dirname, resolve } from "@std/path";
import { fileExists } from "../base/file_exists.ts";
import { PRIVATE_FILE } from "../base/private_mode.ts";
import { hideAddresses, showAddress } from "../base/show_address.ts";
import { taskKeys } from "./task_keys.ts";
import type { TaskStatus } from "./task_model.ts";
import { DAMAGED, kvProbe } from "./kv_probe.ts";
import { isOpenHere, noteOpen } from "./open_databases.ts";
import { QueueUnavailableError } from "./queue_unavailable_error.ts";

/** What one commit may hold. */
export interface KvLimits {
  /** Checks in a commit. */
  checks: number;
  /** Mutations in a commit. */
  mutations: number;
  /** Bytes of keys and values in a commit. */
  bytes: number;
  /** Bytes of one value. */
  valueBytes: number;
  /** Bytes of one key. */
  keyBytes: number;
}

/** A local KV takes 100 checks, 1,000 mutations, 80 KiB of keys, 800 KiB in all; the values here stay below each. */
export const LOCAL_KV_LIMITS: KvLimits = {
  checks: 100,
  mutations: 900,
  bytes: 600 * 1024,
  valueBytes: 60 * 1024,
  keyBytes: 1536,
};

/** A KV Connect server takes 10 checks a commit; the rest is as in a local database. */
export const REMOTE_KV_LIMITS: KvLimits = { ...LOCAL_KV_LIMITS, checks: 10 };

/** One step of a commit: what it demands, what it changes, how it moves the counters. */
export interface KvStep {
  checks: Deno.AtomicCheck[];
  sets: [key: Deno.KvKey, value: unknown][];
  deletes: Deno.KvKey[];
  counts: Partial<Record<TaskStatus, number>>;
  /** A fair guess of the bytes that it adds to the commit. */
  bytes: number;
}

const LOCKED = /database (table )?is locked/;
/** How long an operation waits for a database that is locked, unless something else is said. */
export const KV_PATIENCE_MS = 30_000;
const WRAP = 1n << 64n;
/** Links that lead from one to the next, before they are taken for a ring. */
const MOST_LINKS = 40;

/**
 * A KV connection that waits out a lock. Commits with checks throw "database is locked" when several processes write
 * (seen in 17 to 20 % of them with three writers): nothing was stored then, so they are tried again, for as long as the
 * patience lasts.
 */
export class KvStore implements AsyncDisposable {
  /** The address, for messages. */
  readonly address: string;
  /** What a commit may hold. */
  readonly limits: KvLimits;
  /** True if all who have it open go by the clock of one machine. */
  readonly ofOneMachine: boolean;
  readonly #kv: Deno.Kv;
  readonly #open: Disposable;
  readonly #patienceMs: number;
  #closed = false;

  private constructor(kv: Deno.Kv, path: string, address: string, limits: KvLimits, patienceMs: number) {
    this.#kv = kv;
    this.#open = noteOpen(path);
    this.address = address;
    this.ofOneMachine = !isOnServer(path);
    this.limits = limits;
    this.#patienceMs = patienceMs;
  }

  /**
   * Opens a database.
   *
   * @param path A file, or `:memory:`.
   * @param limits What a commit may hold.
   * @param patienceMs How long an operation waits for a database that is locked. Default 30,000.
   * @returns The open store.
   * @throws {QueueUnavailableError} If the file cannot be opened as a database.
   */
  static async open(
    path: string,
    limits: KvLimits = LOCAL_KV_LIMITS,
    patienceMs: number = KV_PATIENCE_MS,
  ): Promise<KvStore> {
    const isRemote = isOnServer(path);
    const address = isRemote ? showAddress(path) : `kv:${path}`;
    if (typeof Deno.openKv !== "function") {
      throw new QueueUnavailableError("Cannot open the task list as Deno needs the flag --unstable-kv", address);
    }
    const isFile = path !== ":memory:" && !isRemote;
    const damage = isFile && !isOpenHere(path) ? kvProbe(path) : undefined;
    if (damage !== undefined) {
      throw new QueueUnavailableError(`Cannot open the task list ${address}: ${withAdvice(damage)}`, address);
    }
    if (isFile) makePrivate(path);
    const kv = await retryLocked(() => Deno.openKv(path), address, "open", patienceMs);
    return new KvStore(kv, path, address, limits, patienceMs);
  }

  /** Looks at what is read; if it says true, that is read once more. Absent: nobody looks. */
  look?: (entries: readonly Deno.KvEntryMaybe<unknown>[]) => Promise<boolean>;

  get<T>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return this.#read(() => this.#retry("read", () => this.#kv.get<T>(key)), (entry) => [entry]);
  }

  /** Reads any number of keys, ten a call as KV allows. */
  getMany<T>(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<T>[]> {
    return this.#read(() => this.#getMany<T>(keys), (entries) => entries);
  }

  async #getMany<T>(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<T>[]> {
    const calls: Promise<Deno.KvEntryMaybe<T>[]>[] = [];
    for (let i = 0; i < keys.length; i += 10) {
      const some = keys.slice(i, i + 10);
      calls.push(this.#retry("read", () => this.#kv.getMany<T[]>(some)));
    }
    return (await Promise.all(calls)).flat();
  }

  list<T>(selector: Deno.KvListSelector, limit: number, reverse = false): Promise<Deno.KvEntry<T>[]> {
    const read = () => Array.fromAsync(this.#kv.list<T>(selector, { limit, reverse, batchSize: Math.min(limit, 500) }));
    return this.#read(() => this.#retry("read", read), (entries) => entries);
  }

  /** Reads, and once more if who looks at it has changed it. */
  #read<T>(read: () => Promise<T>, entriesOf: (found: T) => readonly Deno.KvEntryMaybe<unknown>[]): Promise<T> {
    const { look } = this;
    if (look === undefined) return read();
    return read().then(async (found) => await look(entriesOf(found)) ? await read() : found);
  }

  async set(key: Deno.KvKey, value: unknown): Promise<void> {
    await this.#retry("write", () => this.#kv.set(key, value));
  }

  /** Stores a step in one commit: all of it, or nothing if a check fails. */
  async commit({ checks, sets, deletes, counts }: KvStep): Promise<{ ok: true; versionstamp: string } | { ok: false }> {
    const result = await this.#retry("write", () => {
      const atomic = this.#kv.atomic();
      // Sums go first: when a sum meets a value of another type, what stands before it would be stored all the same.
      for (const [status, amount] of Object.entries(counts) as [TaskStatus, number][]) {
        if (amount !== 0) atomic.sum(taskKeys.count(status), amount < 0 ? WRAP + BigInt(amount) : BigInt(amount));
      }
      if (checks.length > 0) atomic.check(...checks);
      for (const key of deletes) atomic.delete(key);
      for (const [key, value] of sets) atomic.set(key, value);
      return atomic.commit();
    });
    return result.ok ? { ok: true, versionstamp: result.versionstamp } : { ok: false };
  }

  /** Cuts what belongs to steps into commits that keep the limits. */
  *chunks<T extends { step: KvStep }>(items: readonly T[]): Generator<T[]> {
    let chunk: T[] = [];
    let checks = 0;
    let mutations = 0;
    let bytes = 0;
    for (const item of items) {
      const { step } = item;
      const more = step.sets.length + step.deletes.length + 2;
      const full = checks + step.checks.length > this.limits.checks || mutations + more > this.limits.mutations ||
        bytes + step.bytes > this.limits.bytes;
      if (full && chunk.length > 0) {
        yield chunk;
        chunk = [];
        checks = 0;
        mutations = 0;
        bytes = 0;
      }
      chunk.push(item);
      checks += step.checks.length;
      mutations += more;
      bytes += step.bytes;
    }
    if (chunk.length > 0) yield chunk;
  }

  #retry<T>(verb: string, operation: () => Promise<T>): Promise<T> {
    return retryLocked(operation, this.address, verb, this.#patienceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      this.#kv.close();
      this.#open[Symbol.dispose]();
    }
    this.#closed = true;
    return Promise.resolve();
  }
}

/**
 * Makes the file of a new database, empty, so that its owner alone can read it: what SQLite puts beside it gets the same mode.
 * A file that is there is not even opened: to close it again would take the locks of others in this process. Whatever is wrong
 * shows when the database is opened, and is told then.
 */
function makePrivate(path: string, hops = 0): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: PRIVATE_FILE }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists) || hops === MOST_LINKS || fileExists(path)) return;
    // A link that leads to nothing yet: the file is made where it leads.
    makePrivate(resolve(dirname(path), Deno.readLinkSync(path)), hops + 1);
  }
}

/** What is damaged stays as it is: whoever it belongs to decides. */
function withAdvice(message: string): string {
  if (!DAMAGED.test(message)) return message;
  return `${message}. The file is damaged and is left as it is: put a copy of it back, or move it away to begin a new list ` +
    "(files that are finished are known in the download folder, and are not fetched again)";
}

async function retryLocked<T>(
  operation: () => Promise<T>,
  address: string,
  verb: string,
  patienceMs: number,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let wait = 2;; wait = Math.min(wait * 2, 100)) {
    try {
      return await operation();
    } catch (error) {
      const message = hideAddresses(error instanceof Error ? error.message : String(error));
      if (!LOCKED.test(message) || performance.now() > deadline) {
        throw new QueueUnavailableError(`Cannot ${verb} the task list ${address}: ${withAdvice(message)}`, address, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * wait));
    }
  }
}

function isOnServer(path: string): boolean {
  return /^https?:/.test(path);
}
