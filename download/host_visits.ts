import { urlHost } from "../queue/url_host.ts";
import { DownloadError } from "./download_error.ts";
import type { HostTable } from "./host_table.ts";
import { LookupError } from "./lookup_error.ts";
import type { Watched } from "./watchdog.ts";

/** The place that a download has at a host; an empty name is no place. */
export interface HostPlace {
  /** Such as `example.com:8080`. */
  host: string;
  /** True once the request was made that the place was given for: any other one is counted by itself. */
  asked?: boolean;
  /** When the latest request was made, in milliseconds since the epoch; absent where nobody wants to know. */
  askedAt?: number;
  /** True while the latest request has no answer. */
  waits?: boolean;
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

/** A host was silent so often that nobody asks it for a while; nobody has asked it now. */
export class HostSilentError extends DownloadError {
  /** Until when. */
  readonly until: number;

  /**
   * @param host Which one.
   * @param since Since when it has been silent, in milliseconds since the epoch.
   * @param until When somebody may ask it again, likewise.
   */
  constructor(host: string, since: number, until: number) {
    super("timeout", `${host}: silent since ${new Date(since).toISOString()}`, { retryAt: until, host });
    this.until = until;
  }
}

/** What becomes of hosts that do not answer. */
export interface SilencePolicy {
  /** For how long a host is left alone that was silent so many times in a row, in milliseconds. */
  waitMs: (tries: number) => number;
  /** How often in a row a host is asked that has never answered, before its tasks fail. */
  tries: number;
}

/** How often to look whether there is a place. */
const LOOK_MS = 25;
/** A place is waited for in place for so long, if not said otherwise. */
const PATIENCE_MS = 2000;
/** So many downloads of a worker may wait in place; more of them would hold up the other hosts. */
const MOST_WAITING = 8;
/** More of them may wait where hosts are capped only before their first answer: that comes soon, or not at all. */
const MOST_WAITING_FOR_ANSWERS = 32;
/** What cannot wait comes back after this time, and up to twice as much. */
const BACK_AFTER_MS = 1000;
/** For so long the tasks of a host fail that was silent too often. */
const GIVEN_UP_MS = 60_000;

/**
 * Takes downloads from host to host, to mirrors and where redirects lead: it asks no host that is cooling, and whoever
 * moves has a place at the new host before it gives up the one before. Two that wait for each other's host would do so for
 * ever; so nobody waits for long.
 */
export class HostVisits {
  readonly #table: HostTable;
  readonly #capped: boolean;
  readonly #patienceMs: number;
  readonly #silence: SilencePolicy | undefined;
  readonly #mostWaiting: number;
  #waiting = 0;

  /**
   * @param table What all workers know of the hosts.
   * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
   * @param patienceMs How long a place is waited for in place: who comes from a redirect keeps its place there meanwhile.
   * Default 2000.
   * @param silence What becomes of hosts that do not answer, where connections go by the answers. Default: nothing.
   */
  constructor(table: HostTable, capped: boolean, patienceMs: number = PATIENCE_MS, silence?: SilencePolicy) {
    this.#table = table;
    this.#capped = capped;
    this.#patienceMs = patienceMs;
    this.#silence = silence;
    this.#mostWaiting = table.answers === undefined ? MOST_WAITING : MOST_WAITING_FOR_ANSWERS;
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
   * @param source The url that it is for, whose own host may stand for another one. Default: it does not.
   * @returns Resolves when the host may be asked; undefined if that is at once.
   * @throws {HostBusyError} If it may not be asked soon; an abort throws its reason.
   */
  enter(place: HostPlace, host: string, watched: Watched, source?: string): Promise<void> | undefined {
    if (this.#capped && place.host !== host) return this.#move(place, host, watched, source);
    const until = this.#table.cooling ? this.#table.coolUntil(host) : 0;
    if (until > 0) throw new HostBusyError(host, until, true);
    if (!this.#capped) return undefined;
    if (place.asked !== true) this.#checkGivenUp(host);
    this.#asks(place);
    if (place.asked !== true) {
      place.asked = true;
      return undefined;
    }
    return this.#askAgain(host, watched);
  }

  /** The latest request of a download has been answered, and not to refuse it. */
  answered(place: HostPlace): void {
    if (place.waits !== true) return;
    place.waits = false;
    this.#table.answers?.answered(place.host);
  }

  /**
   * A download has failed.
   *
   * @param place Where it is.
   * @param error Why.
   * @param url What it has asked for.
   */
  failed(place: HostPlace, error: DownloadError, url: string): void {
    const { answers } = this.#table;
    const { host, waits, askedAt } = place;
    if (answers === undefined || host === "" || askedAt === undefined) return;
    if (error.kind === "timeout") {
      // A host that has answered before is not silent, only slow.
      if (waits === true && answers.capOf(host) === 0) this.#silent(host, answers.silent(host));
      // Where its name is not found nobody has asked it.
      else if (!(error.cause instanceof LookupError)) answers.troubled(host, url, askedAt);
    } else if (error.cools) {
      answers.troubled(host, url, askedAt);
    } else if (error.kind !== "network") {
      return this.answered(place);
    }
    place.waits = false;
    // Whoever goes on from here does not come from an answer.
    delete place.askedAt;
  }

  #silent(host: string, tries: number): void {
    if (this.#silence === undefined || tries === 0) return;
    const { now } = this.#table;
    if (tries >= this.#silence.tries) this.#table.answers!.giveUp(host, now + GIVEN_UP_MS);
    else this.#table.coolDown(host, now + this.#silence.waitMs(tries));
  }

  #checkGivenUp(host: string): void {
    const { answers } = this.#table;
    const until = answers?.givenUpUntil(host) ?? 0;
    if (until > 0) throw new HostSilentError(host, answers!.silentSince(host), until);
  }

  #asks(place: HostPlace): void {
    if (this.#table.answers === undefined) return;
    place.waits = true;
    place.askedAt = this.#table.now;
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

  async #move(place: HostPlace, host: string, watched: Watched, source?: string): Promise<void> {
    // It has led here by its answer, or its name only stands for this one.
    const stands = place.asked !== true && source !== undefined && urlHost(source).host === place.host;
    if (place.waits === true || stands) this.#table.answers?.answered(place.host);
    place.waits = false;
    if (!this.#tryMove(place, host)) await this.#wait(place, host, watched);
  }

  async #wait(place: HostPlace, host: string, watched: Watched): Promise<void> {
    const back = Math.round(Date.now() + BACK_AFTER_MS * (1 + Math.random()));
    if (this.#waiting >= this.#mostWaiting) throw new HostBusyError(host, back);
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
    this.#checkGivenUp(host);
    const grant = this.#table.tryAcquire(host);
    if (grant.type === "cooling") throw new HostBusyError(host, grant.until, true);
    const isLate = grant.type === "paced" && grant.until - Date.now() > this.#patienceMs;
    if (isLate) throw new HostBusyError(host, grant.until);
    if (grant.type !== "ok") return false;
    if (place.host !== "") this.#table.release(place.host);
    place.host = host;
    place.asked = true;
    this.#asks(place);
    return true;
  }
}
