import { DownloadError } from "./download_error.ts";
import type { HostTable } from "./host_table.ts";
import type { Watched } from "./watchdog.ts";

/** The place that a download has at a host; an empty name is no place. */
export interface HostPlace {
  /** Such as `example.com:8080`. */
  host: string;
  /** True once the request was made that the place was given for: any other one is counted by itself. */
  asked?: boolean;
}

/** A host may not be asked now; nobody has failed. */
export class HostBusyError extends DownloadError {
  /** When it may be asked, or at least tried again, in milliseconds since the epoch. */
  readonly until: number;
  /** True if the host itself wants to be left alone until then. */
  readonly cooling: boolean;

  /**
   * @param host Which one.
   * @param until When to come back.
   * @param cooling The host itself wants to be left alone until then. Default: false, as too many are there.
   */
  constructor(host: string, until: number, cooling = false) {
    super("http", `${host}: not to be asked now`, { retryable: true, retryAt: until, host });
    this.until = until;
    this.cooling = cooling;
  }
}

/** How often to look whether there is a place. */
const LOOK_MS = 25;
/** A place is waited for in place for so long, if not said otherwise. */
const PATIENCE_MS = 2000;
/** So many downloads of a worker may wait in place; more of them would hold up the other hosts. */
const MOST_WAITING = 8;
/** What cannot wait comes back after this time, and up to twice as much. */
const BACK_AFTER_MS = 1000;

/**
 * Takes downloads from host to host, to mirrors and where redirects lead: it asks no host that is cooling, and whoever
 * moves has a place at the new host before it gives up the one before. Two that wait for each other's host would do so for
 * ever; so nobody waits for long.
 */
export class HostVisits {
  readonly #table: HostTable;
  readonly #capped: boolean;
  readonly #patienceMs: number;
  #waiting = 0;

  /**
   * @param table What all workers know of the hosts.
   * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
   * @param patienceMs How long a place is waited for in place: who comes from a redirect keeps its place there meanwhile.
   * Default 2000.
   */
  constructor(table: HostTable, capped: boolean, patienceMs: number = PATIENCE_MS) {
    this.#table = table;
    this.#capped = capped;
    this.#patienceMs = patienceMs;
  }

  /** False if there is nothing to look up for any host. */
  get watching(): boolean {
    return this.#capped || this.#table.cooling;
  }

  /**
   * Moves a download to a host, before that is asked. Called before every request: each takes its turn in the rate of its host,
   * the second one at the same host as well.
   *
   * @param place Where it has a place now; changed when it has moved.
   * @param host Where it goes.
   * @param watched The attempt: waiting is no stall, and an abort ends it.
   * @returns Resolves when the host may be asked; undefined if that is at once.
   * @throws {HostBusyError} If it may not be asked soon; an abort throws its reason.
   */
  enter(place: HostPlace, host: string, watched: Watched): Promise<void> | undefined {
    if (this.#capped && place.host !== host) return this.#move(place, host, watched);
    const until = this.#table.cooling ? this.#table.coolUntil(host) : 0;
    if (until > 0) throw new HostBusyError(host, until, true);
    if (!this.#capped) return undefined;
    if (place.asked !== true) {
      place.asked = true;
      return undefined;
    }
    return this.#askAgain(host, watched);
  }

  /** Takes a turn at a host where the download is already: it waits for it however long that is, as it would begin anew else. */
  #askAgain(host: string, watched: Watched): Promise<void> | undefined {
    const turn = this.#table.tryAgain(host);
    if (turn.type === "ok") return undefined;
    if (turn.type === "cooling") throw new HostBusyError(host, turn.until, true);
    return turn.type === "due" ? this.#takeTurn(host, turn.at, watched) : this.#waitForTurn(host, turn.until, watched);
  }

  async #waitForTurn(host: string, until: number, watched: Watched): Promise<void> {
    await this.#restUntil(until, watched);
    await this.#askAgain(host, watched);
  }

  async #takeTurn(host: string, at: number, watched: Watched): Promise<void> {
    await this.#restUntil(at, watched);
    // It may have said meanwhile that it is to be left alone.
    const until = this.#table.coolUntil(host);
    if (until > 0) throw new HostBusyError(host, until, true);
  }

  async #restUntil(until: number, watched: Watched): Promise<void> {
    while (this.#table.now < until) {
      // The clock may be set back; and none of this is a stall.
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, Math.max(until - this.#table.now, 0))));
      watched.signal.throwIfAborted();
      watched.rest();
    }
  }

  async #move(place: HostPlace, host: string, watched: Watched): Promise<void> {
    if (!this.#tryMove(place, host)) await this.#wait(place, host, watched);
  }

  async #wait(place: HostPlace, host: string, watched: Watched): Promise<void> {
    const back = Math.round(Date.now() + BACK_AFTER_MS * (1 + Math.random()));
    if (this.#waiting >= MOST_WAITING) throw new HostBusyError(host, back);
    this.#waiting++;
    try {
      const end = performance.now() + this.#patienceMs;
      do {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        watched.signal.throwIfAborted();
        watched.rest();
        if (this.#tryMove(place, host)) return;
      } while (performance.now() < end);
      throw new HostBusyError(host, back + this.#patienceMs);
    } finally {
      this.#waiting--;
    }
  }

  #tryMove(place: HostPlace, host: string): boolean {
    const grant = this.#table.tryAcquire(host);
    if (grant.type === "cooling") throw new HostBusyError(host, grant.until, true);
    const isLate = grant.type === "paced" && grant.until - Date.now() > this.#patienceMs;
    if (isLate) throw new HostBusyError(host, grant.until);
    if (grant.type !== "ok") return false;
    if (place.host !== "") this.#table.release(place.host);
    place.host = host;
    place.asked = true;
    return true;
  }
}
