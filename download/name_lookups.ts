import { LookupError } from "./lookup_error.ts";
import { unlessAborted } from "./unless_aborted.ts";

/** Told when a download waits for the addresses of a name: nobody has asked the host yet, so it is not the host that is slow. */
export interface LookupWatch {
  /** It waits for addresses. */
  lookingUp(): void;
  /** It waits no longer, whatever came of it. */
  lookedUp(): void;
}

/** Asks the system for all addresses of a name. */
export type ResolveName = (hostname: string) => Promise<readonly string[]>;

/** How {@linkcode NameLookups} work. */
export interface NameLookupsOptions {
  /** How long one look-up may take, in milliseconds. Default 10,000. */
  timeoutMs?: number;
  /** How names are looked up. Default: as the system does, with its files, search domains and caches. */
  resolve?: ResolveName;
  /** A clock that nobody sets, in milliseconds. Default: that of the runtime. */
  now?: () => number;
}

const TIMEOUT_MS = 10_000;
/**
 * Each look-up holds one of the 32 threads that a worker has for whatever blocks, until the system gives up: the other half is
 * for files.
 */
const MOST_RUNNING = 16;
/** How long an answer counts. */
const KNOWN_MS = 60_000;
/** A failure counts as long as the look-up took, within these limits. */
const FAILED_MIN_MS = 1000;
const FAILED_MAX_MS = 60_000;
/** Lists name a million hosts. */
const MOST_NAMES = 1000;
const NEVER = new AbortController().signal;
const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** What the system says where a name has no address. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "nobody knows it (ENOTFOUND)",
  EAI_AGAIN: "no name server answers (EAI_AGAIN)",
};

/** A look-up that waits for its turn, or is on its way. */
interface Lookup {
  readonly hostname: string;
  /** What those wait for who have not given it up. */
  done: PromiseWithResolvers<readonly string[]>;
  /** How many downloads wait for it. */
  waiting: number;
  startedAt: number;
  /** Ends the waiting; absent while nobody waits, or it waits for its own turn. */
  timer?: ReturnType<typeof setTimeout>;
}

/** Why a name has no address. */
interface Failure {
  reason: string;
  kind: LookupError["kind"];
  cause?: unknown;
}

/** What is known of a name. */
interface Name {
  addresses?: readonly string[];
  failure?: Failure;
  /** Until when that counts; 0 if it does not. */
  until: number;
  lookup?: Lookup;
}

/**
 * The look-ups of names of one worker. A name is looked up once for all downloads that wait for it, and few names at a time;
 * what came of it is remembered for a while. Names that have had an answer before do not wait behind those that have not.
 */
export class NameLookups {
  readonly #timeoutMs: number;
  readonly #resolve: ResolveName;
  readonly #now: () => number;
  /** Names stand for themselves: who may reach only some hosts, by their names, may not reach the addresses. */
  readonly #byName: boolean;
  readonly #names = new Map<string, Name>();
  /** Those that wait for their turn; first the ones of names that have had an answer before. */
  readonly #known: Lookup[] = [];
  readonly #unknown: Lookup[] = [];
  #running = 0;
  #ended = 0;

  /** @param options How they work. */
  constructor({ timeoutMs = TIMEOUT_MS, resolve, now = () => performance.now() }: NameLookupsOptions = {}) {
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve ?? systemResolve;
    const { state, partial } = Deno.permissions.querySync({ name: "net" });
    this.#byName = resolve === undefined && (state !== "granted" || partial);
    this.#now = now;
  }

  /**
   * The addresses of a name.
   *
   * @param hostname The name, or an address without brackets, which stands for itself.
   * @param signal Gives up; the reason is thrown.
   * @param watch Told while the name is looked up. Default: nobody is.
   * @returns The addresses, in the order of the system; at once if they are known. The name itself if only some hosts may be
   * reached.
   * @throws {LookupError} If there are none.
   */
  addressesOf(
    hostname: string,
    signal: AbortSignal,
    watch?: LookupWatch,
  ): readonly string[] | Promise<readonly string[]> {
    if (this.#byName || isAddress(hostname)) return [hostname];
    let name = this.#names.get(hostname);
    if (name !== undefined && name.until > this.#now()) {
      if (name.addresses !== undefined) return name.addresses;
      if (name.failure !== undefined) return Promise.reject(this.#error(name, name.failure));
    }
    name ??= { until: 0 };
    if (name.lookup === undefined) this.#enqueue(hostname, name);
    else if (name.failure !== undefined) this.#waitOn(name.lookup, name);
    const waiting = this.#wait(name.lookup!, signal, watch);
    this.#next();
    return waiting;
  }

  /**
   * Looks a name up before anybody waits for it.
   *
   * @returns True if there is nothing to wait for: it has an answer, be it that nobody knows it. Else it is on its way, and
   * {@linkcode NameLookups.ended} says when that may have changed.
   */
  prepare(hostname: string): boolean {
    if (this.#byName || isAddress(hostname)) return true;
    const name = this.#names.get(hostname);
    if (name !== undefined && name.until > this.#now()) return true;
    if (name?.lookup === undefined || name.lookup.waiting === 0) {
      (this.addressesOf(hostname, NEVER) as Promise<unknown>).catch(() => {}).finally(() => this.#ended++);
    }
    return false;
  }

  /** How many look-ups have ended that were {@linkcode NameLookups.prepare prepared}. */
  get ended(): number {
    return this.#ended;
  }

  /** True if a name has had an answer, however long ago, and nothing was heard since that it leads nowhere. */
  hasAnswered(hostname: string): boolean {
    if (this.#byName || isAddress(hostname)) return true;
    const name = this.#names.get(hostname);
    return name?.addresses !== undefined && name.until > 0;
  }

  /** There was no connection to the addresses of a name: it may have others by now. */
  doubt(hostname: string): void {
    const name = this.#names.get(hostname);
    if (name?.addresses !== undefined) name.until = 0;
  }

  async #wait(lookup: Lookup, signal: AbortSignal, watch: LookupWatch | undefined): Promise<readonly string[]> {
    signal.throwIfAborted();
    lookup.waiting++;
    watch?.lookingUp();
    try {
      return await unlessAborted(lookup.done.promise, signal);
    } finally {
      lookup.waiting--;
      watch?.lookedUp();
    }
  }

  #enqueue(hostname: string, name: Name): void {
    name.lookup = { hostname, done: outcome(), waiting: 0, startedAt: 0 };
    delete name.failure;
    this.#names.delete(hostname);
    this.#names.set(hostname, name);
    (name.addresses === undefined ? this.#unknown : this.#known).push(name.lookup);
    if (this.#names.size > MOST_NAMES) this.#forgetOldest();
  }

  #next(): void {
    while (this.#running < MOST_RUNNING) {
      const lookup = this.#known.shift() ?? this.#unknown.shift();
      if (lookup === undefined) return;
      const name = this.#names.get(lookup.hostname)!;
      // Nobody may wait for it any more.
      if (lookup.waiting > 0) void this.#run(lookup, name);
      else delete name.lookup;
    }
  }

  async #run(lookup: Lookup, name: Name): Promise<void> {
    this.#running++;
    lookup.startedAt = this.#now();
    this.#watch(lookup, name);
    try {
      const addresses = await this.#resolve(lookup.hostname);
      if (addresses.length === 0) throw new Error("it has no address");
      name.addresses = addresses;
      delete name.failure;
      name.until = this.#now() + KNOWN_MS;
      lookup.done.resolve(addresses);
    } catch (error) {
      this.#fail(lookup, name, { reason: reasonOf(error), kind: "network", cause: error });
    } finally {
      clearTimeout(lookup.timer);
      delete name.lookup;
      this.#running--;
      this.#next();
    }
  }

  /** Nothing ends a look-up but the system: until then it keeps its thread, and its place here, whoever waits. */
  #watch(lookup: Lookup, name: Name): void {
    const reason = `no answer after ${this.#timeoutMs / 1000} s (see --lookup-timeout)`;
    lookup.timer = setTimeout(() => this.#fail(lookup, name, { reason, kind: "timeout" }), this.#timeoutMs);
  }

  /** One that was given up is waited for once more. */
  #waitOn(lookup: Lookup, name: Name): void {
    delete name.failure;
    lookup.done = outcome();
    this.#watch(lookup, name);
  }

  #fail({ done, startedAt }: Lookup, name: Name, failure: Failure): void {
    const now = this.#now();
    delete name.addresses;
    name.failure ??= failure;
    name.until = now + Math.max(FAILED_MIN_MS, Math.min(FAILED_MAX_MS, now - startedAt));
    done.reject(this.#error(name, name.failure));
  }

  #error({ until }: Name, { reason, kind, cause }: Failure): LookupError {
    const retryAt = Math.ceil(Date.now() + Math.max(until - this.#now(), 0));
    return new LookupError(reason, kind, retryAt, { cause });
  }

  #forgetOldest(): void {
    for (const [hostname, { lookup }] of this.#names) {
      if (this.#names.size <= MOST_NAMES) return;
      if (lookup === undefined) this.#names.delete(hostname);
    }
  }
}

/** Addresses in the spelling of urls; whatever else looks like one is for the system to read. */
function isAddress(hostname: string): boolean {
  return hostname.includes(":") || IPV4.test(hostname);
}

/** What those wait for who look a name up; there may be none by then. */
function outcome(): PromiseWithResolvers<readonly string[]> {
  const done = Promise.withResolvers<readonly string[]>();
  done.promise.catch(() => {});
  return done;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return REASONS[code ?? ""] ?? message ?? String(error);
}

/** The module is loaded with the first name: it costs more than a small run. */
async function systemResolve(hostname: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);
}
