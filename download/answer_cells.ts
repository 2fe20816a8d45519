/** The cells of each host, in columns of 32 bits. */
const STATE = 0;
const TARGET = 1;
const TRIES = 2;
const GENERATION = 3;
const ENDED = 4;
const INTS = 5;
/** And in columns of 64 bits. */
const FIRST_AT = 0;
const HALVED_AT = 1;
const CULPRIT = 2;
const GIVEN_UP = 3;
const LONGS = 4;
/** The head, in 32 bits: how often a host has answered for the first time, and whether any was ever given up. */
const HEARD = 0;
const EVER_GIVEN_UP = 1;
/** And in 64 bits: until when any host is given up. */
const LAST_GIVEN_UP = 1;
const HEAD = 2;

const CELL = BigInt64Array.BYTES_PER_ELEMENT;

/** It has not answered yet. */
const UNKNOWN = 0;
/** It has answered, and any number of requests may be open. Whatever is between is a cap. */
const FREE = 0x7fffffff;
/** One url that is always refused does not bring the cap of its host below this. */
const FLOOR = 8;
/** More than one url was refused since there was a cap. */
const SEVERAL = 1n;
/** A request that is open for so long without an answer makes its host a silent one. */
const SILENT_AFTER_MS = 5000;

/** How many hosts and threads a {@linkcode AnswerCells} is for. */
export interface AnswerCellsSize {
  /** Hosts. */
  places: number;
  /** Threads, by their number. */
  owners: number;
}

/**
 * How it stands with the answers of the hosts of a `HostTable`, by their places there: whether a host has ever answered, how
 * many requests are open to it, and how many may be.
 *
 * Before its first answer a host is asked by one request at a time. After it there is no cap, until an answer fails to come or
 * refuses: then the cap is half of what is open. Requests that were on their way by then halve it no further. Each answer
 * raises it by one, until it is as high as all downloads together and goes away.
 *
 * Whoever opens a request counts it in a cell of its own, so what a dead thread had is known and given back.
 */
export class AnswerCells {
  readonly #owners: number;
  readonly #places: number;
  readonly #head: BigInt64Array<SharedArrayBuffer>;
  readonly #flags: Int32Array<SharedArrayBuffer>;
  readonly #longs: BigInt64Array<SharedArrayBuffer>;
  readonly #ints: Int32Array<SharedArrayBuffer>;
  readonly #open: Uint16Array<SharedArrayBuffer>;

  /** The bytes that it takes. */
  static bytesFor({ places, owners }: AnswerCellsSize): number {
    const bytes = (HEAD + LONGS * places) * CELL + INTS * places * Int32Array.BYTES_PER_ELEMENT +
      places * owners * Uint16Array.BYTES_PER_ELEMENT;
    return Math.ceil(bytes / CELL) * CELL;
  }

  /**
   * @param buffer Memory, empty or in use by others.
   * @param offset Where it begins in there: a multiple of 8.
   * @param size How many there are.
   */
  constructor(buffer: SharedArrayBuffer, offset: number, { places, owners }: AnswerCellsSize) {
    this.#places = places;
    this.#owners = owners;
    this.#head = new BigInt64Array(buffer, offset, HEAD);
    this.#flags = new Int32Array(buffer, offset, 2);
    this.#longs = new BigInt64Array(buffer, offset + HEAD * CELL, LONGS * places);
    const ints = offset + (HEAD + LONGS * places) * CELL;
    this.#ints = new Int32Array(buffer, ints, INTS * places);
    this.#open = new Uint16Array(buffer, ints + INTS * places * Int32Array.BYTES_PER_ELEMENT, places * owners);
  }

  /** Changes whenever a host has answered for the first time. */
  get heard(): number {
    return Atomics.load(this.#flags, HEARD);
  }

  /** Until when any host is given up, in milliseconds; 0 if none ever was. */
  get lastGivenUp(): number {
    return Atomics.load(this.#flags, EVER_GIVEN_UP) === 0 ? 0 : Number(Atomics.load(this.#head, LAST_GIVEN_UP));
  }

  /** Changes whenever the place goes to another host. */
  generation(place: number): number {
    return Atomics.load(this.#ints, GENERATION * this.#places + place);
  }

  /** True if any number of requests may be open to the host. */
  isFree(place: number): boolean {
    return Atomics.load(this.#ints, STATE * this.#places + place) === FREE;
  }

  /** How many requests may be open to the host: 0 before its first answer, when it is one, and `Infinity` without a cap. */
  cap(place: number): number {
    const state = Atomics.load(this.#ints, STATE * this.#places + place);
    return state === FREE ? Infinity : state;
  }

  /** How many requests are open to the host. */
  opened(place: number): number {
    let sum = 0;
    const from = place * this.#owners;
    for (let i = from; i < from + this.#owners; i++) sum += Atomics.load(this.#open, i);
    return sum;
  }

  /** A thread opens a request to the host. */
  open(place: number, owner: number): void {
    Atomics.add(this.#open, place * this.#owners + owner, 1);
  }

  /** A thread opens a request to a host that has not answered yet. */
  openFirst(place: number, owner: number, now: number): void {
    this.open(place, owner);
    if (this.tries(place) === 0) this.#setLong(FIRST_AT, place, BigInt(Math.floor(now)));
  }

  /** A request of a thread is over. */
  close(place: number, owner: number): void {
    const cell = place * this.#owners + owner;
    if (Atomics.load(this.#open, cell) > 0) Atomics.sub(this.#open, cell, 1);
  }

  /** A request to a host that has not answered is over, however it ended. */
  closeFirst(place: number): void {
    if (this.tries(place) > 0) return;
    this.#setLong(FIRST_AT, place, 0n);
    Atomics.store(this.#ints, ENDED * this.#places + place, 1);
  }

  /** True if requests to a host that has not answered end all the same, as it refuses connections. */
  ends(place: number): boolean {
    return Atomics.load(this.#ints, ENDED * this.#places + place) === 1 && this.tries(place) === 0;
  }

  /** Every request of a thread is over; says how many those were. */
  closeAll(owner: number): number {
    let count = 0;
    for (let place = 0; place < this.#places; place++) {
      count += Atomics.exchange(this.#open, place * this.#owners + owner, 0);
    }
    return count;
  }

  /**
   * The host has answered, and not to refuse.
   *
   * @param most As high as this a cap is none.
   */
  answered(place: number, most: number): void {
    const cell = STATE * this.#places + place;
    let seen = Atomics.load(this.#ints, cell);
    while (seen !== FREE) {
      const next = seen === UNKNOWN || seen + 1 >= most ? FREE : seen + 1;
      const found = Atomics.compareExchange(this.#ints, cell, seen, next);
      if (found === seen) {
        if (seen === UNKNOWN) this.#speaks(place);
        if (next === FREE) this.#setLong(CULPRIT, place, 0n);
        return;
      }
      seen = found;
    }
  }

  /**
   * The host has refused a request, or did not go on with its answer. Only under the lock.
   *
   * @param place Which host.
   * @param url Stands for the url: no number that another one has, nor 0 or 1.
   * @param begunAt When the request was made, in milliseconds.
   * @param now What time it is.
   */
  troubled(place: number, url: bigint, begunAt: number, now: number): void {
    const cell = STATE * this.#places + place;
    const before = Atomics.load(this.#ints, cell);
    if (before === UNKNOWN) this.#speaks(place);
    const state = before === UNKNOWN ? FREE : before;
    const culprit = this.#long(CULPRIT, place);
    const several = culprit !== 0n && culprit !== url;
    if (culprit !== SEVERAL) this.#setLong(CULPRIT, place, several ? SEVERAL : url);
    const target = TARGET * this.#places + place;
    if (begunAt <= Number(this.#long(HALVED_AT, place))) {
      // It is the same trouble: now it is known that it is not that of one url.
      if (several) Atomics.store(this.#ints, cell, Math.min(state, Math.max(1, Atomics.load(this.#ints, target))));
      return;
    }
    const half = Math.max(1, Math.floor(Math.min(state, this.opened(place)) / 2));
    Atomics.store(this.#ints, target, half);
    Atomics.store(this.#ints, cell, several ? half : Math.max(half, Math.min(FLOOR, state)));
    this.#setLong(HALVED_AT, place, BigInt(Math.ceil(now)));
  }

  /**
   * A request to a host that has never answered was given up.
   *
   * @returns How many in a row those were; 0 if it has answered meanwhile.
   */
  silent(place: number): number {
    if (this.cap(place) !== UNKNOWN) return 0;
    return Atomics.add(this.#ints, TRIES * this.#places + place, 1) + 1;
  }

  /** How many requests to the host were given up in a row, before it ever answered. */
  tries(place: number): number {
    return Atomics.load(this.#ints, TRIES * this.#places + place);
  }

  /** Since when the host has been silent, in milliseconds; 0 if it is not. */
  silentSince(place: number, now: number): number {
    if (this.cap(place) !== UNKNOWN) return 0;
    const since = Number(this.#long(FIRST_AT, place));
    const isSilent = this.tries(place) > 0 || (now - since >= SILENT_AFTER_MS && this.opened(place) > 0);
    return since > 0 && isSilent ? since : 0;
  }

  /** Nobody is to ask the host before a time. */
  giveUp(place: number, until: number): void {
    const time = BigInt(Math.ceil(until));
    this.#setLong(GIVEN_UP, place, time);
    if (this.lastGivenUp < until) Atomics.store(this.#head, LAST_GIVEN_UP, time);
    Atomics.store(this.#flags, EVER_GIVEN_UP, 1);
  }

  /** Until when the host is given up, in milliseconds. */
  givenUpUntil(place: number): number {
    return Number(this.#long(GIVEN_UP, place));
  }

  /** The clock was set back: what counts for a time does not count for longer. */
  setBack(ms: number): void {
    const by = BigInt(ms);
    for (let place = 0; place < this.#places; place++) {
      for (const column of [FIRST_AT, HALVED_AT, GIVEN_UP]) {
        const at = this.#long(column, place);
        if (at > 0n) this.#setLong(column, place, at - by > 0n ? at - by : 1n);
      }
    }
    const last = Atomics.load(this.#head, LAST_GIVEN_UP);
    if (last > 0n) Atomics.store(this.#head, LAST_GIVEN_UP, last - by);
  }

  /** The place belongs to another host from now on. Only under the lock, while nothing is open. */
  forget(place: number): void {
    Atomics.add(this.#ints, GENERATION * this.#places + place, 1);
    for (const column of [STATE, TARGET, TRIES, ENDED]) Atomics.store(this.#ints, column * this.#places + place, 0);
    for (let column = 0; column < LONGS; column++) this.#setLong(column, place, 0n);
  }

  #speaks(place: number): void {
    Atomics.store(this.#ints, TRIES * this.#places + place, 0);
    this.#setLong(FIRST_AT, place, 0n);
    this.#setLong(GIVEN_UP, place, 0n);
    Atomics.add(this.#flags, HEARD, 1);
  }

  #long(column: number, place: number): bigint {
    return Atomics.load(this.#longs, column * this.#places + place);
  }

  #setLong(column: number, place: number, value: bigint): void {
    Atomics.store(this.#longs, column * this.#places + place, value);
  }
}
