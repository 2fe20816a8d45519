import type { HostTable } from "../download/host_table.ts";
import type { ClaimedTask } from "../queue/task_model.ts";
import type { HostRoom } from "../queue/task_shared_list.ts";
import { urlHost } from "../queue/url_host.ts";

/** Tasks of a host that are claimed beyond those that may run, so that the next can begin when one ends. */
const AHEAD = 48;
/** And of all capped hosts together, for each worker, as it keeps no more than a certain number at hand. */
const AHEAD_IN_ALL = 1000;
/** Less room than this part is none: a host whose tasks come one by one would cost a claim each. */
const LEAST_PART = 0.5;

/** What {@linkcode ClaimGate} keeps to. */
export interface ClaimGateOptions {
  /** What is known of the hosts. */
  table: HostTable;
  /** Connections to one host at a time; 0: any number. */
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

/**
 * Says, for each claim, of which hosts no tasks are wanted: of one that is cooling none at all, and of one that is capped
 * no more than can begin soon. Those stay on the list, out of the way of the others. The tasks of a host that is to be left
 * alone for too long are wanted: they fail at once.
 */
export class ClaimGate {
  /** True if hosts are capped: then the end of a task makes room for another. */
  readonly capped: boolean;
  readonly #table: HostTable;
  /** Tasks of a capped host that may run at a time. */
  readonly #running: number;
  readonly #aheadInAll: number;
  readonly #maxWaitMs: number;
  /** The tasks that are claimed now, by host; counted only where hosts are capped. */
  readonly #held = new Map<string, number>();

  /** @param options The hosts, and the limits. */
  constructor({ table, perHost, perHostRate, concurrency, workers, maxHostWaitMs }: ClaimGateOptions) {
    this.#table = table;
    this.capped = perHost > 0 || perHostRate > 0;
    this.#running = perHost > 0 ? Math.min(perHost, concurrency) : concurrency;
    this.#aheadInAll = AHEAD_IN_ALL * workers;
    this.#maxWaitMs = maxHostWaitMs;
  }

  /** What a claim asks; `undefined` while all hosts are open, which costs nothing. */
  get hosts(): ((host: string) => HostRoom | undefined) | undefined {
    if (!this.capped && !this.#table.cooling) return undefined;
    return (host) => this.#roomOf(host);
  }

  /** Tasks were claimed. */
  claimed(tasks: readonly ClaimedTask[]): void {
    if (!this.capped) return;
    for (const { url } of tasks) {
      const { host } = urlHost(url);
      this.#held.set(host, (this.#held.get(host) ?? 0) + 1);
    }
  }

  /** A claim has ended. */
  ended({ url }: ClaimedTask): void {
    if (!this.capped) return;
    const { host } = urlHost(url);
    const left = (this.#held.get(host) ?? 0) - 1;
    if (left > 0) this.#held.set(host, left);
    else this.#held.delete(host);
  }

  #roomOf(host: string): HostRoom | undefined {
    const until = this.#table.coolUntil(host);
    if (until > 0 && until - Date.now() <= this.#maxWaitMs) return { room: 0, until };
    if (!this.capped) return undefined;
    const held = this.#held.get(host) ?? 0;
    const hosts = this.#held.size + (held === 0 ? 1 : 0);
    const ahead = Math.min(AHEAD, Math.floor(this.#aheadInAll / hosts));
    const room = this.#running + ahead - held;
    return { room: room >= Math.max(1, ahead * LEAST_PART) ? room : 0, until: 0 };
  }
}
