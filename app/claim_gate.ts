import type { HostTable } from "../download/host_table.ts";
import type { ClaimedTask } from "../queue/task_model.ts";
import type { HostRoom } from "../queue/task_shared_list.ts";
import { isSuspect } from "../queue/task_death.ts";
import { urlHost } from "../queue/url_host.ts";

/** Tasks of a host that are claimed beyond those that may run, so that the next can begin when one ends. */
const AHEAD = 48;
/** The same of one that has not answered yet: the more hosts a claim brings, the sooner each has its turn. */
const AHEAD_UNANSWERED = 3;
/** And of all capped hosts together, for each worker, as it keeps no more than a certain number at hand. */
const AHEAD_IN_ALL = 1000;
/** For so long after its first task was claimed a host is likely to answer in a moment. */
const BRIEF_MS = 500;
/** While a list has tasks of other hosts, those that were silent are asked again this seldom. */
const SILENT_EVERY_MS = 5000;
/** Hosts that are remembered by name; of others the tasks come back by and by. */
const MOST_HOSTS = 10_000;
/** Hosts whose tasks one claim brings back. */
const REOPENED_AT_ONCE = 32;
/** Less room than this part is none: a host whose tasks come one by one would cost a claim each. */
const LEAST_PART = 0.5;

/** What {@linkcode ClaimGate} keeps to. */
export interface ClaimGateOptions {
  /** What is known of the hosts. */
  table: HostTable;
  /** Connections to one host at a time, at the most; 0: any number. How they go by its answers, the table says. */
  perHost: number;
  /** Requests to one host per second; 0: any number. */
  perHostRate: number;
  /** Downloads at a time in all. */
  concurrency: number;
  /** How many workers there are. */
  workers: number;
  /** How long a host may ask to be left alone, in milliseconds. */
  maxHostWaitMs: number;
}

/** The tasks of a host that are claimed now. */
interface Held {
  count: number;
  /** When the first of them was claimed. */
  since: number;
}

/**
 * Says, for each claim, of which hosts no tasks are wanted: of one that is cooling none at all, and of one that is capped
 * no more than can begin soon. Those stay on the list, out of the way of the others. The tasks of a host that is to be left
 * alone for too long are wanted: they fail at once.
 *
 * A host that has not answered yet is as one that is capped at 1; one that was silent is asked again when the list has nothing
 * else, or now and then.
 */
export class ClaimGate {
  readonly #table: HostTable;
  /** Hosts have one cap, or a rate, whatever they answer. */
  readonly #fixed: boolean;
  readonly #perHost: number;
  readonly #aheadUnanswered: number;
  readonly #concurrency: number;
  readonly #aheadInAll: number;
  readonly #maxWaitMs: number;
  /** The tasks that are claimed now, by host; counted only where hosts are capped. */
  readonly #held = new Map<string, Held>();
  /** The latest claims met a host with a cap. */
  #met = false;
  /** One of them is likely to answer in a moment. */
  #brief = false;
  /** The list had nothing else. */
  #dry = false;
  #silentAt = performance.now();
  /** Hosts whose tasks were set aside until they answer. */
  readonly #unanswered = new Set<string>();
  /** Those of them that have answered since. */
  readonly #reopened = new Set<string>();
  /** Hosts whose tasks have mirrors: those need not wait for a silent one. */
  readonly #mirrored = new Set<string>();
  #heard = 0;

  /** @param options The hosts, and the limits. */
  constructor({ table, perHost, perHostRate, concurrency, workers, maxHostWaitMs }: ClaimGateOptions) {
    this.#table = table;
    this.#fixed = perHostRate > 0 || (perHost > 0 && table.answers === undefined);
    this.#perHost = perHost > 0 ? perHost : Infinity;
    // What is claimed counts on other machines too, where they spare a host together.
    this.#aheadUnanswered = perHost > 0 ? 0 : AHEAD_UNANSWERED;
    this.#concurrency = concurrency;
    this.#aheadInAll = AHEAD_IN_ALL * workers;
    this.#maxWaitMs = maxHostWaitMs;
  }

  /** True if hosts are capped: then the end of a task makes room for another. */
  get capped(): boolean {
    return this.#fixed || this.#met;
  }

  /** True if the latest claim met a host that is likely to have room in a moment. */
  get brief(): boolean {
    return this.#brief;
  }

  /** The hosts of which tasks are claimed now, where that is counted. */
  get heldHosts(): IteratorObject<string> {
    return this.#held.keys();
  }

  /** What a claim asks; `undefined` while all hosts are open, which costs nothing. */
  get hosts(): ((host: string) => HostRoom | undefined) | undefined {
    if (!this.#counts && !this.#table.cooling) return undefined;
    this.#met = this.#brief = false;
    const now = performance.now();
    const silent = this.#dry || now - this.#silentAt > SILENT_EVERY_MS;
    if (silent) this.#silentAt = now;
    return (host) => {
      const room = this.#roomOf(host, silent, now);
      if (room !== undefined) this.#met = true;
      if (room?.brief === true) this.#brief = true;
      return room;
    };
  }

  /** Some hosts that have answered for the first time, so that their tasks may come back; each is told once. */
  reopened(): string[] {
    const { answers } = this.#table;
    if (answers === undefined || this.#unanswered.size + this.#reopened.size === 0) return [];
    const { heard } = answers;
    if (heard !== this.#heard) {
      for (const host of this.#unanswered) if (answers.capOf(host) > 0) this.#reopened.add(host);
      for (const host of this.#reopened) this.#unanswered.delete(host);
      this.#heard = heard;
    }
    const some = [...this.#reopened].slice(0, REOPENED_AT_ONCE);
    for (const host of some) this.#reopened.delete(host);
    return some;
  }

  /**
   * Tasks were claimed.
   *
   * @param tasks The tasks.
   * @param limit How many might have been. Default: as many as there are.
   */
  claimed(tasks: readonly ClaimedTask[], limit: number = tasks.length): void {
    this.#dry = tasks.length < limit;
    if (!this.#counts) return;
    for (const task of tasks) {
      // Those wait for one another, and not for their hosts: others of the same host need not wait behind them.
      if (isSuspect(task)) continue;
      const { url, mirrors } = task;
      const { host } = urlHost(url);
      if (mirrors !== undefined && this.#mirrored.size < MOST_HOSTS) this.#mirrored.add(host);
      const held = this.#held.get(host);
      if (held === undefined) this.#held.set(host, { count: 1, since: performance.now() });
      else held.count++;
    }
  }

  /** A claim has ended. */
  ended(task: ClaimedTask): void {
    if (!this.#counts || isSuspect(task)) return;
    const { host } = urlHost(task.url);
    const held = this.#held.get(host);
    if (held !== undefined && --held.count <= 0) this.#held.delete(host);
  }

  get #counts(): boolean {
    return this.#fixed || this.#table.answers !== undefined;
  }

  #roomOf(host: string, silent: boolean, now: number): HostRoom | undefined {
    const { answers } = this.#table;
    if (this.#mirrored.has(host) && answers?.isSilent(host) === true) return undefined;
    if (answers?.anyGivenUp === true && answers.isGivenUp(host)) return undefined;
    const until = this.#table.coolUntil(host);
    if (until > 0 && until - Date.now() <= this.#maxWaitMs) return { room: 0, until };
    if (!this.#counts) return undefined;
    const cap = answers?.capOf(host) ?? this.#perHost;
    if (cap === Infinity && !this.#fixed) return undefined;
    const { count: held, since } = this.#held.get(host) ?? { count: 0, since: now };
    if (cap === 0 && this.#unanswered.size < MOST_HOSTS) this.#unanswered.add(host);
    if (cap === 0 && answers!.isSilent(host)) return { room: silent ? Math.max(0, 1 - held) : 0, until: 0 };
    const hosts = this.#held.size + (held === 0 ? 1 : 0);
    const most = cap > 0 || answers!.ends(host) ? AHEAD : this.#aheadUnanswered;
    const ahead = Math.min(most, Math.floor(this.#aheadInAll / hosts));
    const room = Math.max(1, Math.min(cap, this.#concurrency)) + ahead - held;
    return {
      room: room >= Math.max(1, ahead * LEAST_PART) ? room : 0,
      until: 0,
      ...(cap === 0 && held > 0 && now - since < BRIEF_MS ? { brief: true } : {}),
    };
  }
}
