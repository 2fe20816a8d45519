import { type Clock, systemClock } from "../base/clock.ts";
import { HostAnswers } from "./host_answers.ts";
import { hostKey } from "./host_key.ts";
import { HostPlaces, type HostTime, PACE_BURST } from "./host_places.ts";
import { MAX_LOCK_OWNER, SharedLock } from "./shared_lock.ts";

/** What a {@linkcode HostTable} keeps to. */
export interface HostTableOptions {
  /** How many hosts it has room for at a time, from 1 to 1048576. Default 4096. */
  places?: number;
  /**
   * Connections to one host at a time, from 1 to 1000; or `"auto"`: one before the first answer, then as the answers say.
   * Absent: they are neither limited nor counted.
   */
  perHost?: number | "auto";
  /** How many workers take part, if `perHost` is `"auto"`. Default 1. */
  workers?: number;
  /** The most connections to one host if `perHost` is `"auto"`. Default: any number. */
  most?: number;
  /** How many downloads there may be in all: a cap that the answers have raised to this is none. Default 1000. */
  concurrency?: number;
  /** Requests to one host per second, from 0.001 to 1000000. Absent: any number. */
  perHostRate?: number;
}

/** Whether a request to a host may begin now. Times are in milliseconds since the epoch. */
export type HostGrant =
  | { type: "ok" }
  | { type: "cooling"; until: number }
  | { type: "capped" }
  /** It has not answered yet, and somebody waits for that; or as many as may wait for first answers. */
  | { type: "unanswered" }
  | { type: "paced"; until: number };

/** Whether a download that has a place at a host may ask it once more; `due` names when, and is spoken for. */
export type HostTurn = Exclude<HostGrant, { type: "capped" | "unanswered" }> | { type: "due"; at: number };

const OK: { type: "ok" } = { type: "ok" };
const CAPPED: HostGrant = { type: "capped" };
const UNANSWERED: HostGrant = { type: "unanswered" };
/** A connection that no place counts. */
const UNCOUNTED = -1;
/** Keys are worked out once, for this many hosts. */
const KEYS_KEPT = 10_000;

/**
 * What all threads of a process know of the hosts that they load from: until when to leave one alone, how many connections
 * it has, and when its next request is due.
 *
 * **Who holds what.** The connections of a host are slots, and each says which worker has it: taking one is a single
 * atomic step, so there are no counts that could disagree. When a worker has died, {@linkcode HostTable.releaseAll} gives
 * back what it had.
 *
 * **When it is full.** A host without connections, whose cooling is over and whose next request is due, makes room for
 * another one: nothing is lost by forgetting it. If no such host is near, the new one is not limited and its cooling is
 * not kept; {@linkcode HostTable.overflowed} counts how often.
 *
 * **A worker that dies in the middle.** A {@linkcode SharedLock} is held while a host is looked for and a slot is taken,
 * and nowhere else. `releaseAll` opens it; without that, it is taken over after a second or more. Should its holder be
 * alive after all, no slot is given twice; at the very worst a host has two places for a time, and so twice the
 * connections.
 *
 * @example
 * ```ts
 * import { HostTable } from "./host_table.ts";
 *
 * const hosts = HostTable.create({ perHost: 1 });
 * hosts.tryAcquire("example.com:443"); // { type: "ok" }
 * hosts.tryAcquire("example.com:443"); // { type: "capped" }
 * hosts.release("example.com:443");
 * hosts.coolDown("example.com:443", Date.now() + 30_000);
 * hosts.tryAcquire("example.com:443").type; // "cooling"
 * ```
 */
export class HostTable {
  readonly #places: HostPlaces;
  readonly #owner: number;
  readonly #clock: Clock;
  readonly #lock: SharedLock;
  readonly #held = new Map<string, number[]>();
  readonly #keys = new Map<string, bigint>();
  readonly #paced: boolean;
  /** How the hosts answer; absent if connections do not go by that. */
  readonly answers: HostAnswers | undefined;

  private constructor(places: HostPlaces, owner: number, clock: Clock) {
    this.#places = places;
    this.#owner = owner;
    this.#clock = clock;
    this.#lock = new SharedLock(places.lock, 0, owner);
    this.#paced = places.interval > 0n;
    if (places.answers === undefined) return;
    const teller = owner === MAX_LOCK_OWNER ? places.workers : owner - 1;
    this.answers = new HostAnswers(places, { find: (host) => this.#placeOf(host), teller, lock: this.#lock, clock });
  }

  /**
   * Makes an empty table. The instance belongs to the thread that makes it, beside all workers.
   *
   * @param options Size and limits.
   * @param clock Where the time comes from. Default: the system's clock.
   * @throws {RangeError} If an option is out of range.
   */
  static create(options: HostTableOptions = {}, clock: Clock = systemClock): HostTable {
    const { places = 4096, perHost, perHostRate, workers = 1, most = 0, concurrency = 1000 } = options;
    const auto = perHost === "auto";
    checkInteger("places", places, 1, 2 ** 20);
    if (perHost !== undefined && !auto) checkInteger("perHost", perHost, 1, 1000);
    checkInteger("workers", workers, 1, MAX_LOCK_OWNER - 2);
    if (perHostRate !== undefined && !(perHostRate >= 0.001 && perHostRate <= 1_000_000)) {
      throw outOfRange("perHostRate", "a number from 0.001 to 1000000", perHostRate);
    }
    const interval = perHostRate === undefined ? 0n : BigInt(Math.ceil(1e9 / perHostRate));
    const size = auto
      ? { places, perHost: 0, interval, workers, most, lift: concurrency }
      : { places, perHost: perHost ?? 0, interval };
    return new HostTable(HostPlaces.create(size), MAX_LOCK_OWNER, clock);
  }

  /**
   * Takes part in a table that another thread made.
   *
   * @param buffer Its memory.
   * @param worker The number of the worker, from 0 to 65533, which no other living worker has.
   * @param clock Where the time comes from; it must agree with that of the others. Default: the system's clock.
   * @throws {RangeError} If the number is out of range.
   */
  static attach(buffer: SharedArrayBuffer, worker: number, clock: Clock = systemClock): HostTable {
    return new HostTable(new HostPlaces(buffer), ownerOf(worker), clock);
  }

  /** The memory itself; post it to a Worker to share it. */
  get buffer(): SharedArrayBuffer {
    return this.#places.buffer;
  }

  /** How often a host had no place, so that a connection was not limited or a cooling not kept. */
  get overflowed(): number {
    return this.#places.overflowed;
  }

  /** True if any host is left alone now: if not, there is nothing to ask about. Never waits. */
  get cooling(): boolean {
    return this.#places.lastCool > this.#clock.now();
  }

  /**
   * Leaves a host alone. The latest time that anybody named counts.
   *
   * @param host Such as `example.com:443`, always spelled the same.
   * @param until Milliseconds since the epoch.
   * @throws {RangeError} If it is not a finite number.
   */
  coolDown(host: string, until: number): void {
    if (!Number.isFinite(until)) throw outOfRange("until", "a time in milliseconds", until);
    if (until <= this.#clock.now()) return;
    const hold = this.#lock.lock();
    try {
      const place = this.#places.findOrTake(this.#keyOf(host), this.#time());
      if (place === undefined) this.#places.overflow();
      else this.#places.coolDown(place, BigInt(Math.ceil(Math.min(until, Number.MAX_SAFE_INTEGER))));
    } finally {
      this.#lock.unlock(hold);
    }
  }

  /** The clock was set back by so many milliseconds: each host is left alone for as long as it was to be. */
  setBack(ms: number): void {
    this.#places.setBack(BigInt(Math.round(ms)));
    this.#places.answers?.setBack(Math.round(ms));
  }

  /** Until when a host is left alone, in milliseconds since the epoch; 0 if it is not. Never waits. */
  coolUntil(host: string): number {
    const key = this.#keyOf(host);
    const place = this.#places.find(key);
    if (place === undefined) return 0;
    const until = this.#places.coolUntil(place);
    // Meanwhile another host may have got the place, but only if this one did not cool.
    return until > this.#clock.now() && this.#places.has(place, key) ? until : 0;
  }

  /**
   * Asks whether a request to a host may begin, and counts it if so: it then ends with {@linkcode HostTable.release}. What
   * is not granted is not noted either, and nothing is kept for who asked: ask again, at the time that the answer names.
   *
   * @param host Such as `example.com:443`, always spelled the same.
   * @returns `ok`; `cooling` or `paced` with a time; or `capped` or `unanswered`, and then a connection has to end, or to be
   * answered, first.
   */
  tryAcquire(host: string): HostGrant {
    const { perHost, interval } = this.#places;
    if (this.answers !== undefined) {
      const place = this.#tryOpen(host, this.answers);
      if (place !== undefined) {
        this.#hold(host, place);
        return OK;
      }
    } else if (perHost === 0 && interval === 0n) {
      const until = this.coolUntil(host);
      return until === 0 ? OK : { type: "cooling", until };
    }
    const hold = this.#lock.lock();
    try {
      return this.#acquire(host, this.#time());
    } finally {
      this.#lock.unlock(hold);
    }
  }

  /**
   * Asks whether a download that has a connection to a host may make another request, and counts that if so. It goes before
   * those that have none yet: the next turn may be taken while it is not due.
   *
   * @param host Such as `example.com:443`, always spelled the same.
   * @returns `ok`; `due` at a time that is taken; `cooling` with a time; or `paced` with the time to ask again.
   */
  tryAgain(host: string): HostTurn {
    if (this.#places.interval === 0n) {
      const until = this.coolUntil(host);
      return until === 0 ? OK : { type: "cooling", until };
    }
    const hold = this.#lock.lock();
    try {
      return this.#again(host, this.#time());
    } finally {
      this.#lock.unlock(hold);
    }
  }

  /** What time it is for this table, in milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now();
  }

  /** Gives back a connection that this very instance got for the host; if there is none, nothing happens. Never waits. */
  release(host: string): void {
    const held = this.#held.get(host);
    const slot = held?.pop();
    if (held?.length === 0) this.#held.delete(host);
    if (slot === undefined || slot === UNCOUNTED) return;
    if (this.answers === undefined) this.#places.freeSlot(slot, this.#owner);
    else this.answers.close(host, slot);
  }

  /**
   * Gives back all that a dead worker had, and opens the lock if it died with it. A thread that was terminated runs on to
   * the end of its turn: so call it when the worker is given up, and again before its number goes to another one.
   *
   * @param worker Its number.
   * @returns How many connections that were.
   * @throws {RangeError} If the number is out of range.
   */
  releaseAll(worker: number): number {
    const owner = ownerOf(worker);
    this.#lock.free(owner);
    return this.#places.answers?.closeAll(worker) ?? this.#places.freeSlots(owner);
  }

  /** How many connections a host has, over all threads; 0 if they are neither limited nor go by the answers. */
  inUse(host: string): number {
    const place = this.#placeOf(host);
    if (place === undefined) return 0;
    return this.#places.answers?.opened(place) ?? this.#places.used(place);
  }

  #placeOf(host: string): number | undefined {
    return this.#places.find(this.#keyOf(host));
  }

  /** Opens a connection without the lock, where nothing limits it: that is nearly always so. */
  #tryOpen(host: string, answers: HostAnswers): number | undefined {
    if (this.#paced) return undefined;
    const place = answers.placeOf(host);
    if (place === undefined || (this.cooling && this.#places.coolUntil(place) > this.#clock.now())) return undefined;
    return answers.tryOpenFree(place) ? place : undefined;
  }

  #acquire(host: string, time: HostTime): HostGrant {
    const { answers } = this;
    const { perHost, interval } = this.#places;
    const place = this.#places.findOrTake(this.#keyOf(host), time);
    if (place === undefined) {
      this.#places.overflow();
      if (perHost > 0 || answers !== undefined) this.#hold(host, UNCOUNTED);
      return OK;
    }
    const until = this.#places.coolUntil(place);
    if (until > time.ms) return { type: "cooling", until };
    const spoken = this.#places.spoken(place);
    // Beyond one interval nothing can be spoken for: then the clock was set back.
    const start = max(time.ns - PACE_BURST, min(spoken, time.ns + interval));
    if (start > time.ns) return { type: "paced", until: msOf(start) };
    if (answers !== undefined) {
      const grant = answers.tryOpen(host, place, time.ms);
      if (grant !== "ok") return grant === "capped" ? CAPPED : UNANSWERED;
      this.#hold(host, place);
    } else if (perHost > 0) {
      const slot = this.#places.takeSlot(place, this.#owner);
      if (slot === undefined) return CAPPED;
      this.#hold(host, slot);
    }
    if (interval > 0n) this.#places.speak(place, spoken, start + interval);
    return OK;
  }

  #again(host: string, time: HostTime): HostTurn {
    const { interval } = this.#places;
    const place = this.#places.findOrTake(this.#keyOf(host), time);
    if (place === undefined) {
      this.#places.overflow();
      return OK;
    }
    const until = this.#places.coolUntil(place);
    if (until > time.ms) return { type: "cooling", until };
    const spoken = this.#places.spoken(place);
    // Beyond two intervals nothing can be spoken for: then the clock was set back.
    const next = spoken > time.ns + 2n * interval ? time.ns + interval : spoken;
    const start = max(time.ns - PACE_BURST, next);
    // One turn may be taken ahead.
    if (start > time.ns + interval) return { type: "paced", until: msOf(start - interval) };
    this.#places.speak(place, spoken, start + interval);
    return start > time.ns ? { type: "due", at: msOf(start) } : OK;
  }

  /** Notes a connection. Uncounted ones stand last, and so are given back first. */
  #hold(host: string, slot: number): void {
    const held = this.#held.get(host);
    if (held === undefined) this.#held.set(host, [slot]);
    else if (slot === UNCOUNTED || held.at(-1) !== UNCOUNTED) held.push(slot);
    else held.unshift(slot);
  }

  #keyOf(host: string): bigint {
    const known = this.#keys.get(host);
    if (known !== undefined) return known;
    if (this.#keys.size === KEYS_KEPT) this.#keys.clear();
    const key = hostKey(host);
    this.#keys.set(host, key);
    return key;
  }

  #time(): HostTime {
    const ms = this.#clock.now();
    return { ms, ns: BigInt(Math.round(ms * 1000)) * 1000n };
  }
}

/** Rounded up. */
function msOf(ns: bigint): number {
  return Number((ns + 999_999n) / 1_000_000n);
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function ownerOf(worker: number): number {
  checkInteger("worker", worker, 0, MAX_LOCK_OWNER - 2);
  return worker + 1;
}

function checkInteger(name: string, value: number, first: number, last: number): void {
  if (Number.isInteger(value) && value >= first && value <= last) return;
  throw outOfRange(name, `a whole number from ${first} to ${last}`, value);
}

function outOfRange(name: string, rule: string, value: number): RangeError {
  return new RangeError(`Cannot keep account of hosts as ${name} must be ${rule}: current value is ${value}`);
}
