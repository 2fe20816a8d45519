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
  /** The host of a task, however the gate names it; an empty name is never held up. */
  hostOf(url: string): string;
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

  /**
   * @param table What is known of the hosts.
   * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
   */
  constructor(table: HostTable, capped: boolean) {
    this.#table = table;
    this.#capped = capped;
  }

  hostOf(url: string): string {
    // Nearly always there is nothing to look up.
    return this.#capped || this.#table.cooling ? taskHost(url) : "";
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
