/**
 * Which part of a file is whose, while several connections fetch it. Plain arithmetic: nothing here touches a disk or a
 * network.
 *
 * @module
 */

/** Bytes of a file: the first one, and the first one behind them. */
export type ByteRange = readonly [from: number, to: number];

/** How many bytes there are in ranges that are apart from each other. */
export function bytesIn(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** What is missing of a file of a length where these ranges are there, which are in order and apart from each other. */
export function gapsIn(length: number, ranges: readonly ByteRange[]): ByteRange[] {
  const gaps: ByteRange[] = [];
  let at = 0;
  for (const [from, to] of [...ranges, [length, length] as const]) {
    if (from > at) gaps.push([at, from]);
    at = to;
  }
  return gaps;
}

/** A stretch of a file, which one connection fetches from its beginning to its end. */
export interface Segment {
  /** Its first byte. */
  readonly from: number;
  /** The next byte that is missing; `to` when none is. */
  readonly at: number;
  /** The first byte behind it. It moves towards the beginning when a part is given to somebody else. */
  readonly to: number;
  /** Who fetches it; undefined: nobody does. */
  readonly holder: object | undefined;
  /** True once bytes of its holder can come at any time. */
  readonly begun: boolean;
}

type Mutable = { -readonly [K in keyof Segment]: Segment[K] };

/**
 * Divides what is missing of a file among those who fetch it. The segments lie one behind the other from the first byte
 * to the last, and every byte is in exactly one of them; each is filled from its beginning. Who finds nothing left that is
 * free gets the second half of the largest one.
 *
 * @example
 * ```ts
 * import { SegmentPlan } from "./segment_plan.ts";
 *
 * const plan = new SegmentPlan(100, [[0, 20]], 10);
 * const [one, two] = [{}, {}];
 * const first = plan.take(one)!; // 20 to 100
 * plan.advance(first, 30);
 * plan.take(two); // 75 to 100; the other one now ends there
 * plan.done; // [[0, 50]]
 * ```
 */
export class SegmentPlan {
  /** How many bytes the file has. */
  readonly length: number;
  readonly #least: number;
  readonly #segments: Mutable[] = [];
  #missing = 0;

  /**
   * @param length How many bytes the file has.
   * @param done What of it is there, in order and apart from each other.
   * @param least Nothing smaller is cut off.
   */
  constructor(length: number, done: readonly ByteRange[], least: number) {
    this.length = length;
    this.#least = least;
    let end = 0;
    for (const [from, to] of done) {
      if (from > end) this.#add(end, end, from);
      this.#add(from, to, to);
      end = to;
    }
    if (end < length) this.#add(end, end, length);
  }

  /** How many bytes are missing. */
  get missing(): number {
    return this.#missing;
  }

  /** What is there, in order and apart from each other. */
  get done(): ByteRange[] {
    const done: [number, number][] = [];
    for (const { from, at } of this.#segments) {
      if (at === from) continue;
      const last = done.at(-1);
      if (last?.[1] === from) last[1] = at;
      else done.push([from, at]);
    }
    return done;
  }

  /** Cuts what is missing into pieces of about the same size, as long as nobody has any of it. */
  divide(count: number): void {
    const parts = new Map(this.#segments.filter(isFree).map((segment) => [segment, 1]));
    for (let pieces = parts.size; pieces < count; pieces++) {
      let largest: Mutable | undefined;
      for (const [segment, n] of parts) {
        if (largest === undefined || rest(segment) / n > rest(largest) / parts.get(largest)!) largest = segment;
      }
      if (largest === undefined) return;
      const n = parts.get(largest)! + 1;
      if (rest(largest) / n < this.#least) break;
      parts.set(largest, n);
    }
    for (const [segment, n] of parts) {
      const { at, to } = segment;
      for (let i = n - 1; i > 0; i--) this.#cut(segment, at + Math.floor((to - at) * i / n));
    }
  }

  /** True if {@linkcode SegmentPlan.take} would give something. */
  get hasWork(): boolean {
    return this.#segments.some(isFree) || this.#largest() !== undefined;
  }

  /**
   * Gives a segment to a new holder: the first that nobody has, or else the second half of the largest one.
   *
   * @returns Undefined if nothing is left, or only what is too small to be shared.
   */
  take(holder: object): Segment | undefined {
    let segment = this.#segments.find(isFree);
    if (segment === undefined) {
      const largest = this.#largest();
      if (largest === undefined) return undefined;
      segment = this.#cut(largest, largest.at + Math.ceil(rest(largest) / 2));
    }
    return hold(segment, holder, false);
  }

  /** The holder has its connection: from now on bytes come. */
  begin(segment: Segment): void {
    (segment as Mutable).begun = true;
  }

  /**
   * Gives the next missing bytes to a holder whose connection goes on to bring what follows its segment, which is full:
   * those that nobody has, or whose holder waits for its connection. That one then has nothing any more.
   *
   * @param segment The one that is full.
   * @param reach Where the next missing byte must be, at the latest.
   * @param end Where the connection ends.
   */
  follow(segment: Segment, reach: number, end: number): Segment | undefined {
    const { holder } = segment;
    for (let i = this.#segments.indexOf(segment as Mutable) + 1; i < this.#segments.length; i++) {
      const next = this.#segments[i]!;
      if (next.at > reach || next.at >= end) return undefined;
      if (next.at < next.to && !next.begun) return hold(next, holder!, true);
    }
    return undefined;
  }

  /** So many bytes more of a segment are there. */
  advance(segment: Segment, bytes: number): void {
    const { at, to } = segment;
    if (!(bytes >= 0 && at + bytes <= to)) {
      throw new RangeError(`Cannot fill a segment as bytes must be from 0 to ${to - at}: current value is ${bytes}`);
    }
    (segment as Mutable).at += bytes;
    this.#missing -= bytes;
  }

  /** Whatever the holder has, nobody has any more. */
  release(holder: object): void {
    for (const segment of this.#segments) if (segment.holder === holder) hold(segment, undefined, false);
  }

  #add(from: number, at: number, to: number): void {
    this.#segments.push({ from, at, to, holder: undefined, begun: false });
    this.#missing += to - at;
  }

  #cut(segment: Mutable, at: number): Mutable {
    const second = { from: at, at, to: segment.to, holder: undefined, begun: false };
    segment.to = at;
    this.#segments.splice(this.#segments.indexOf(segment) + 1, 0, second);
    return second;
  }

  /** The largest one that can be shared. */
  #largest(): Mutable | undefined {
    let largest: Mutable | undefined;
    for (const segment of this.#segments) {
      if (rest(segment) >= 2 * this.#least && (largest === undefined || rest(segment) > rest(largest))) {
        largest = segment;
      }
    }
    return largest;
  }
}

function hold(segment: Mutable, holder: object | undefined, begun: boolean): Segment {
  segment.holder = holder;
  segment.begun = begun;
  return segment;
}

function isFree({ at, to, holder }: Mutable): boolean {
  return holder === undefined && at < to;
}

function rest({ at, to }: Mutable): number {
  return to - at;
}

/**
 * How many connections a file is worth.
 *
 * @param wanted What the user says; `"auto"` is 4 for more than 64 MiB, else 1.
 * @param length How many bytes the file has.
 * @param missing How many of them are missing.
 * @param least Each connection has at least so many to fetch.
 */
export function segmentCount(wanted: number | "auto", length: number, missing: number, least: number): number {
  const most = wanted === "auto" ? (length > 64 * 1024 * 1024 ? 4 : 1) : wanted;
  return Math.max(1, Math.min(most, Math.floor(missing / least)));
}
