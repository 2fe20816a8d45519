import type { HostTable } from "../download/host_table.ts";
import { taskHost } from "../queue/task_model.ts";

/** Whether a host may be asked for a file now. */
export type GateAnswer =
  /** Yes; say so when it is over. */
  | { type: "open" }
  /** Not before this time, whatever happens. */
  | { type: "closed"; until: number }
  /** Not now: as many as may are at it, or the next one is due in a moment. */
  | { type: "full" };

/** Stands between a worker and the hosts. */
export interface HostGate {
  /** The host at which a task would begin, however the gate names it; an empty name is never held up. */
  hostOf(task: { url: string; mirrors?: readonly string[] }): string;
  /** Asks to begin. */
  enter(host: string): GateAnswer;
  /** It is over. */
  leave(host: string): void;
}

const OPEN: GateAnswer = { type: "open" };
const FULL: GateAnswer = { type: "full" };
/** A request that is due sooner is waited for in place. */
const SOON_MS = 250;

/** The gate of one worker, by what all workers of the process know of the hosts. */
export class SharedHostGate implements HostGate {
  readonly #table: HostTable;
  readonly #capped: boolean;
  readonly #maxWaitMs: number;

  /**
   * @param table What is known of the hosts.
   * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
   * @param maxWaitMs How long a host may ask to be left alone. Tasks of one that asks for more are held up by nobody: they
   * begin, and fail before they ask it.
   */
  constructor(table: HostTable, capped: boolean, maxWaitMs: number) {
    this.#table = table;
    this.#capped = capped;
    this.#maxWaitMs = maxWaitMs;
  }

  hostOf({ url, mirrors }: { url: string; mirrors?: readonly string[] }): string {
    // Nearly always there is nothing to look up.
    if (!this.#capped && !this.#table.cooling) return "";
    const host = taskHost(url);
    if (!this.#table.cooling) return host;
    const soonest = mirrors === undefined ? host : this.#soonest(host, mirrors);
    return this.#table.coolUntil(soonest) - Date.now() > this.#maxWaitMs ? "" : soonest;
  }

  /** The first host that is not cooling, else the one that has cooled first. */
  #soonest(first: string, mirrors: readonly string[]): string {
    let soonest = first;
    let until = this.#table.coolUntil(first);
    for (let i = 0; i < mirrors.length && until > 0; i++) {
      const host = taskHost(mirrors[i]!);
      const its = this.#table.coolUntil(host);
      if (its >= until) continue;
      soonest = host;
      until = its;
    }
    return soonest;
  }

  enter(host: string): GateAnswer {
    if (host === "") return OPEN;
    if (!this.#capped) {
      const until = this.#table.coolUntil(host);
      return until === 0 ? OPEN : { type: "closed", until };
    }
    const grant = this.#table.tryAcquire(host);
    switch (grant.type) {
      case "ok":
        return OPEN;
      case "cooling":
        return { type: "closed", until: grant.until };
      case "paced":
        return grant.until - Date.now() > SOON_MS ? { type: "closed", until: grant.until } : FULL;
      case "capped":
        return FULL;
    }
  }

  leave(host: string): void {
    if (host !== "" && this.#capped) this.#table.release(host);
  }
}
