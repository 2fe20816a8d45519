import type { Clock } from "../base/clock.ts";
import type { AnswerCells } from "./answer_cells.ts";
import { hostKey } from "./host_key.ts";
import type { HostPlaces } from "./host_places.ts";
import type { SharedLock } from "./shared_lock.ts";

/** Hosts that are found again at once. */
const MOST_FOUND = 10_000;

/** What {@linkcode HostAnswers} needs of the table that it belongs to. */
export interface HostAnswersPorts {
  /** Looks for the place of a host. */
  find: (host: string) => number | undefined;
  /** Where this thread counts what it opens. */
  teller: number;
  /** The lock of the table. */
  lock: SharedLock;
  /** The clock of the table. */
  clock: Clock;
}

/**
 * What all threads of a process know of how the hosts answer, for one of them; the rules are those of `AnswerCells`. Hosts are
 * named as in the `HostTable`. A host of which nothing is known yet has not answered.
 */
export class HostAnswers {
  /** How many connections of this thread may wait for the first answer of their host. */
  mostFirsts = Infinity;
  readonly #places: HostPlaces;
  readonly #cells: AnswerCells;
  readonly #ports: HostAnswersPorts;
  /** The hosts whose first answer this thread waits for. */
  readonly #firsts = new Set<string>();
  /** Where hosts were found: to look again costs more than all else here. */
  readonly #found = new Map<string, { place: number; generation: number }>();

  constructor(places: HostPlaces, ports: HostAnswersPorts) {
    this.#places = places;
    this.#cells = places.answers!;
    this.#ports = ports;
  }

  /** Changes whenever some host has answered for the first time. */
  get heard(): number {
    return this.#cells.heard;
  }

  /** True if no more connections of this thread may wait for first answers. */
  get firstsFull(): boolean {
    return this.#firsts.size >= this.mostFirsts;
  }

  /** The place of a host, if it has one. */
  placeOf(host: string): number | undefined {
    const found = this.#found.get(host);
    if (found !== undefined && this.#cells.generation(found.place) === found.generation) return found.place;
    const place = this.#ports.find(host);
    if (place === undefined) return undefined;
    if (this.#found.size >= MOST_FOUND) this.#found.clear();
    this.#found.set(host, { place, generation: this.#cells.generation(place) });
    return place;
  }

  /** How many connections a host may have: 0 if it has not answered yet, and may have one. */
  capOf(host: string): number {
    const place = this.placeOf(host);
    const cap = place === undefined ? 0 : this.#cells.cap(place);
    const { most } = this.#places;
    return most > 0 ? Math.min(cap, most) : cap;
  }

  /** Opens a connection to a host that nothing limits; false if something does. */
  tryOpenFree(place: number): boolean {
    if (this.#places.most > 0 || !this.#cells.isFree(place)) return false;
    this.#cells.open(place, this.#ports.teller);
    return true;
  }

  /** Opens a connection to a host, or says why not. Only under the lock. */
  tryOpen(host: string, place: number, now: number): "ok" | "capped" | "unanswered" {
    const { most } = this.#places;
    const cap = this.#cells.cap(place);
    const open = this.#cells.opened(place);
    if (cap === 0) {
      if (open > 0 || this.firstsFull) return "unanswered";
      this.#cells.openFirst(place, this.#ports.teller, now);
      this.#firsts.add(host);
      return "ok";
    }
    if (open >= cap || (most > 0 && open >= most)) return "capped";
    this.#cells.open(place, this.#ports.teller);
    return "ok";
  }

  /** A connection of this thread is over. */
  close(host: string, place: number): void {
    this.#cells.close(place, this.#ports.teller);
    if (this.#firsts.delete(host)) this.#cells.closeFirst(place);
  }

  /** A host has answered a request, and not to refuse it. */
  answered(host: string): void {
    const place = this.placeOf(host);
    if (place === undefined || this.#cells.isFree(place)) return;
    this.#cells.answered(place, this.#places.lift);
    this.#firsts.delete(host);
  }

  /**
   * A host has refused a request, or has not gone on with an answer.
   *
   * @param host Which one.
   * @param url What was asked for.
   * @param begunAt When, in milliseconds since the epoch. Default: now.
   */
  troubled(host: string, url: string, begunAt: number = this.#ports.clock.now()): void {
    const place = this.placeOf(host);
    if (place === undefined) return;
    const { lock, clock } = this.#ports;
    const hold = lock.lock();
    try {
      this.#cells.troubled(place, hostKey(url), begunAt, clock.now());
    } finally {
      lock.unlock(hold);
    }
    this.#firsts.delete(host);
  }

  /**
   * A request to a host was given up that had no answer.
   *
   * @returns How many in a row those were, if it has never answered; else 0.
   */
  silent(host: string): number {
    const place = this.placeOf(host);
    return place === undefined ? 0 : this.#cells.silent(place);
  }

  /** True if the host has never answered, and a request to it was given up. */
  isSilent(host: string): boolean {
    const place = this.placeOf(host);
    return place !== undefined && this.#cells.tries(place) > 0;
  }

  /** True if requests to a host that has never answered end soon all the same, as it refuses connections. */
  ends(host: string): boolean {
    const place = this.placeOf(host);
    return place !== undefined && this.#cells.ends(place);
  }

  /** Since when a host has been silent that never answered, in milliseconds since the epoch; 0 if it is not. */
  silentSince(host: string): number {
    const place = this.placeOf(host);
    return place === undefined ? 0 : this.#cells.silentSince(place, this.#ports.clock.now());
  }

  /** The host was silent too often: until a time its tasks fail, and nobody asks it. */
  giveUp(host: string, until: number): void {
    const place = this.placeOf(host);
    if (place !== undefined) this.#cells.giveUp(place, until);
  }

  /** True if any host is given up now. */
  get anyGivenUp(): boolean {
    return this.#cells.lastGivenUp > this.#ports.clock.now();
  }

  /** True if the host is given up now. */
  isGivenUp(host: string): boolean {
    return this.givenUpUntil(host) > 0;
  }

  /** Until when a host is given up, in milliseconds since the epoch; 0 if it is not. */
  givenUpUntil(host: string): number {
    const { clock } = this.#ports;
    if (!this.anyGivenUp) return 0;
    const place = this.placeOf(host);
    const until = place === undefined ? 0 : this.#cells.givenUpUntil(place);
    return until > clock.now() ? until : 0;
  }
}
