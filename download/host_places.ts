import { AnswerCells } from "./answer_cells.ts";

/** The cells of the head. The lock has the first half of its own. */
const PLACES = 0;
const PER_HOST = 1;
const INTERVAL = 2;
const OVERFLOWED = 3;
const LOCK = 4;
const LAST_COOL = 5;
const WORKERS = 6;
const MOST = 7;
const LIFT = 8;
const HEAD = 9;

const CELL = BigInt64Array.BYTES_PER_ELEMENT;

/** A host may have the place that its key names, or one of those after it. */
const PROBES = 64;

/** What idle time is worth to the pace of a host, in nanoseconds. */
export const PACE_BURST = 100_000_000n;

/** What a {@linkcode HostPlaces} has room for. */
export interface HostPlacesSize {
  /** Hosts. */
  places: number;
  /** Slots for connections of each host; 0 if they are not limited, or go by the answers. */
  perHost: number;
  /** Between two requests to a host, in nanoseconds; 0 if they are not paced. */
  interval: bigint;
  /** How many workers there are, if connections go by the answers. Default 0: they do not. */
  workers?: number;
  /** The most connections to a host that go by the answers. Default 0: any number. */
  most?: number;
  /** A cap as high as this is none. Default 0. */
  lift?: number;
}

/** The time, as the table needs it. */
export interface HostTime {
  /** Milliseconds since the epoch. */
  ms: number;
  /** Nanoseconds since the epoch. */
  ns: bigint;
}

/**
 * The memory of a `HostTable`: an open-addressing table of keys, and what belongs to each of them. It decides nothing but
 * which place a key has. Every write compares with what was read, so that a second writer can overwrite nothing.
 */
export class HostPlaces {
  /** The memory itself. */
  readonly buffer: SharedArrayBuffer;
  /** Slots for connections of each host; 0 if they are not counted. */
  readonly perHost: number;
  /** Between two requests to a host, in nanoseconds; 0 if they are not paced. */
  readonly interval: bigint;
  /** How the hosts answer; absent if connections do not go by that. */
  readonly answers: AnswerCells | undefined;
  /** How many workers there are, if connections go by the answers. */
  readonly workers: number;
  /** The most connections to a host that go by the answers; 0 is any number. */
  readonly most: number;
  /** A cap as high as this is none. */
  readonly lift: number;
  /** One cell for a lock. */
  readonly lock: Int32Array<SharedArrayBuffer>;
  readonly #size: number;
  readonly #head: BigInt64Array<SharedArrayBuffer>;
  /** The host of each place; 0 if it never had one. It never becomes 0 again, so looking for a key may end there. */
  readonly #keys: BigInt64Array<SharedArrayBuffer>;
  /** Until when each is left alone, in milliseconds. */
  readonly #cool: BigInt64Array<SharedArrayBuffer>;
  /** Up to when the requests of each are spoken for, in nanoseconds. */
  readonly #spoken: BigInt64Array<SharedArrayBuffer>;
  /** The owner of each connection; 0 if the slot is free. */
  readonly #slots: Uint16Array<SharedArrayBuffer>;

  /** @param buffer What {@linkcode HostPlaces.create} made. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#head = new BigInt64Array(buffer, 0, HEAD);
    this.#size = Number(this.#head[PLACES]);
    this.perHost = Number(this.#head[PER_HOST]);
    this.interval = this.#head[INTERVAL]!;
    this.lock = new Int32Array(buffer, LOCK * CELL, 1);
    const column = (index: number) => new BigInt64Array(buffer, (HEAD + index * this.#size) * CELL, this.#size);
    this.#keys = column(0);
    this.#cool = column(1);
    this.#spoken = column(2);
    const rest = (HEAD + 3 * this.#size) * CELL;
    this.#slots = new Uint16Array(buffer, rest, this.#size * this.perHost);
    const workers = this.workers = Number(this.#head[WORKERS]);
    this.answers = workers === 0
      ? undefined
      : new AnswerCells(buffer, rest, { places: this.#size, owners: ownersOf(workers) });
    this.most = Number(this.#head[MOST]);
    this.lift = Number(this.#head[LIFT]);
  }

  /** Makes empty memory. */
  static create({ places, perHost, interval, workers = 0, most = 0, lift = 0 }: HostPlacesSize): HostPlaces {
    const rest = workers > 0
      ? AnswerCells.bytesFor({ places, owners: ownersOf(workers) })
      : places * perHost * Uint16Array.BYTES_PER_ELEMENT;
    const buffer = new SharedArrayBuffer((HEAD + 3 * places) * CELL + rest);
    const head = new BigInt64Array(buffer, 0, HEAD);
    head[PLACES] = BigInt(places);
    // Whoever goes by the answers has no slots.
    head[PER_HOST] = BigInt(workers > 0 ? 0 : perHost);
    head[INTERVAL] = interval;
    head[WORKERS] = BigInt(workers);
    head[MOST] = BigInt(most);
    head[LIFT] = BigInt(lift);
    return new HostPlaces(buffer);
  }

  /** How often {@linkcode overflow} was called. */
  get overflowed(): number {
    return Number(Atomics.load(this.#head, OVERFLOWED));
  }

  /** There was no place for a host. */
  overflow(): void {
    Atomics.add(this.#head, OVERFLOWED, 1n);
  }

  /** The place that a key has, if it has one. */
  find(key: bigint): number | undefined {
    for (let probe = 0; probe < PROBES && probe < this.#size; probe++) {
      const place = this.#probe(key, probe);
      const seen = Atomics.load(this.#keys, place);
      if (seen === key) return place;
      if (seen === 0n) return undefined;
    }
    return undefined;
  }

  /** The place that a key has or gets now; none if all that it may have are needed. Only under the lock. */
  findOrTake(key: bigint, time: HostTime): number | undefined {
    let spare: number | undefined;
    let former = 0n;
    for (let probe = 0; probe < PROBES && probe < this.#size; probe++) {
      const place = this.#probe(key, probe);
      const seen = Atomics.load(this.#keys, place);
      if (seen === key) return place;
      // To forget a host that has answered costs it its next beginning: an empty place is better.
      const better = this.answers !== undefined && seen === 0n;
      if (better || (spare === undefined && (seen === 0n || this.#idle(place, time)))) {
        spare = place;
        former = seen;
      }
      if (seen === 0n) break;
    }
    return spare !== undefined && this.#take(spare, former, key) ? spare : undefined;
  }

  /** True if a place belongs to a key. */
  has(place: number, key: bigint): boolean {
    return Atomics.load(this.#keys, place) === key;
  }

  /** Until when the host is left alone, in milliseconds; in the past if it is not. */
  coolUntil(place: number): number {
    return Number(Atomics.load(this.#cool, place));
  }

  /** Until when any host is left alone, in milliseconds; in the past if none is. */
  get lastCool(): number {
    return Number(Atomics.load(this.#head, LAST_COOL));
  }

  /** Leaves the host alone until then, if no later time is known. */
  coolDown(place: number, until: bigint): void {
    raise(this.#cool, place, until);
    raise(this.#head, LAST_COOL, until);
  }

  /** The clock was set back: hosts are left alone for no longer than they were to be. */
  setBack(ms: bigint): void {
    for (let place = 0; place < this.#size; place++) lower(this.#cool, place, ms);
    lower(this.#head, LAST_COOL, ms);
  }

  /** Up to when the requests of the host are spoken for, in nanoseconds. */
  spoken(place: number): bigint {
    return Atomics.load(this.#spoken, place);
  }

  /** Speaks for a request, unless somebody else has done so since. */
  speak(place: number, before: bigint, after: bigint): void {
    Atomics.compareExchange(this.#spoken, place, before, after);
  }

  /** Takes a slot of the host; none if all are taken. */
  takeSlot(place: number, owner: number): number | undefined {
    const end = (place + 1) * this.perHost;
    for (let slot = end - this.perHost; slot < end; slot++) {
      if (Atomics.compareExchange(this.#slots, slot, 0, owner) === 0) return slot;
    }
    return undefined;
  }

  /** Gives back a slot, if the owner has it. */
  freeSlot(slot: number, owner: number): void {
    Atomics.compareExchange(this.#slots, slot, owner, 0);
  }

  /** Gives back every slot of an owner, and says how many that were. */
  freeSlots(owner: number): number {
    let count = 0;
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (Atomics.compareExchange(this.#slots, slot, owner, 0) === owner) count++;
    }
    return count;
  }

  /** How many slots of the host are taken. */
  used(place: number): number {
    let used = 0;
    const end = (place + 1) * this.perHost;
    for (let slot = end - this.perHost; slot < end; slot++) {
      if (Atomics.load(this.#slots, slot) !== 0) used++;
    }
    return used;
  }

  #probe(key: bigint, probe: number): number {
    return (Number(BigInt.asUintN(32, key ^ (key >> 32n))) + probe) % this.#size;
  }

  /** True if nothing is lost when the host is forgotten. */
  #idle(place: number, { ms, ns }: HostTime): boolean {
    if (this.coolUntil(place) > ms) return false;
    const spoken = this.spoken(place);
    // Beyond two intervals nothing can be spoken for: then the clock was set back.
    if (this.interval > 0n && spoken > ns - PACE_BURST && spoken <= ns + 2n * this.interval) return false;
    return this.used(place) === 0 && (this.answers === undefined || this.answers.opened(place) === 0);
  }

  #take(place: number, former: bigint, key: bigint): boolean {
    const cool = Atomics.load(this.#cool, place);
    const spoken = Atomics.load(this.#spoken, place);
    if (Atomics.compareExchange(this.#keys, place, former, key) !== former) return false;
    Atomics.compareExchange(this.#cool, place, cool, 0n);
    Atomics.compareExchange(this.#spoken, place, spoken, 0n);
    this.answers?.forget(place);
    return true;
  }
}

/** The workers, and the thread that made the memory. */
function ownersOf(workers: number): number {
  return workers + 1;
}

/** Makes a cell at least so large. */
function raise(cells: BigInt64Array<SharedArrayBuffer>, index: number, value: bigint): void {
  let seen = Atomics.load(cells, index);
  while (seen < value) {
    const found = Atomics.compareExchange(cells, index, seen, value);
    if (found === seen) return;
    seen = found;
  }
}

/** Makes a cell smaller by so much, if it is not empty. */
function lower(cells: BigInt64Array<SharedArrayBuffer>, index: number, by: bigint): void {
  let seen = Atomics.load(cells, index);
  while (seen > 0n) {
    const found = Atomics.compareExchange(cells, index, seen, seen - by);
    if (found === seen) return;
    seen = found;
  }
}
