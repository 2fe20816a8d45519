import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type ByteRange, type Segment, segmentCount, SegmentPlan } from "../../download/segment_plan.ts";

const LENGTH = 200;
const LEAST = 7;

/** Ranges within a file, in order and apart from each other. */
const ranges: fc.Arbitrary<ByteRange[]> = fc.uniqueArray(fc.integer({ min: 0, max: LENGTH }), { maxLength: 12 })
  .map((marks) => marks.sort((a, b) => a - b))
  .map((marks) => Array.from({ length: Math.floor(marks.length / 2) }, (_, i) => [marks[2 * i]!, marks[2 * i + 1]!]));

type Step =
  | { type: "take" }
  | { type: "begin"; who: number }
  | { type: "release"; who: number }
  | { type: "advance"; who: number; bytes: number }
  | { type: "follow"; who: number; far: boolean; end: number };

const who = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("take" as const) }),
  fc.record({ type: fc.constant("begin" as const), who }),
  fc.record({ type: fc.constant("release" as const), who }),
  fc.record({ type: fc.constant("advance" as const), who, bytes: fc.integer({ min: 0, max: 60 }) }),
  fc.record({
    type: fc.constant("follow" as const),
    who,
    far: fc.boolean(),
    end: fc.integer({ min: 1, max: LENGTH }),
  }),
);

/** Which bytes are there, one by one. */
class Bytes {
  readonly there = new Array<boolean>(LENGTH).fill(false);

  constructor(done: readonly ByteRange[]) {
    for (const [from, to] of done) this.there.fill(true, from, to);
  }

  get ranges(): ByteRange[] {
    const ranges: [number, number][] = [];
    for (const [i, there] of this.there.entries()) {
      if (!there) continue;
      if (ranges.at(-1)?.[1] === i) ranges.at(-1)![1]++;
      else ranges.push([i, i + 1]);
    }
    return ranges;
  }

  get missing(): number {
    return this.there.filter((there) => !there).length;
  }
}

Deno.test("SegmentPlan gives every missing byte to one holder at a time, and knows what is there", () => {
  fc.assert(
    fc.property(ranges, fc.nat(9), fc.array(step, { maxLength: 60 }), (done, count, steps) => {
      const plan = new SegmentPlan(LENGTH, done, LEAST);
      const bytes = new Bytes(done);
      if (count > 0) plan.divide(count);
      const held = new Map<object, Segment>();
      const nth = (n: number) => [...held].at(n % Math.max(1, held.size));
      const check = () => {
        assertEquals(plan.done, bytes.ranges);
        assertEquals(plan.missing, bytes.missing);
        const claimed = new Array<number>(LENGTH).fill(0);
        for (const [holder, { at, to, holder: now }] of held) {
          if (now === holder) { for (let i = at; i < to; i++) claimed[i]!++; }
        }
        for (const [i, n] of claimed.entries()) assert(n === 0 || (n === 1 && !bytes.there[i]), `${i}: ${n}`);
      };
      check();
      for (const step of steps) {
        if (step.type === "take") {
          const holder = {};
          const { hasWork } = plan;
          const segment = plan.take(holder);
          assertEquals(segment !== undefined, hasWork);
          if (segment === undefined) continue;
          assert(segment.at < segment.to && segment.holder === holder && !segment.begun);
          held.set(holder, segment);
          check();
          continue;
        }
        const [holder, segment] = nth(step.who) ?? [];
        if (holder === undefined || segment === undefined) continue;
        if (segment.holder !== holder) {
          // Somebody else has taken it over.
          held.delete(holder);
        } else if (step.type === "begin") {
          plan.begin(segment);
        } else if (step.type === "release") {
          plan.release(holder);
          held.delete(holder);
        } else if (step.type === "advance") {
          const { at, to } = segment;
          const n = Math.min(step.bytes, to - at);
          plan.advance(segment, n);
          bytes.there.fill(true, at, at + n);
        } else if (segment.at === segment.to) {
          const reach = step.far ? Infinity : segment.to;
          const next = plan.follow(segment, reach, step.end);
          if (next === undefined) continue;
          assert(next.from >= segment.to && next.at <= reach && next.at < step.end && next.at < next.to);
          assertStrictEquals(next.holder, holder);
          held.set(holder, next);
        }
        check();
      }
      // Whoever remains can fetch all of it, alone.
      for (const holder of held.keys()) plan.release(holder);
      const last = {};
      for (let next = plan.take(last); next !== undefined; next = plan.take(last)) {
        bytes.there.fill(true, next.at, next.to);
        plan.advance(next, next.to - next.at);
      }
      check();
      assertEquals([plan.missing, plan.done], [0, [[0, LENGTH]]]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("SegmentPlan divides what is missing evenly, and cuts nothing smaller than is worth it", () => {
  const sizes = (plan: SegmentPlan) => {
    const found: number[] = [];
    while (plan.missing > 0) {
      const segment = plan.take({})!;
      found.push(segment.to - segment.at);
      plan.advance(segment, segment.to - segment.at);
    }
    return found;
  };
  const of = (done: ByteRange[], count: number, least = 10) => {
    const plan = new SegmentPlan(300, done, least);
    plan.divide(count);
    return sizes(plan);
  };
  assertEquals(of([], 1), [300]);
  assertEquals(of([], 3), [100, 100, 100]);
  assertEquals(of([], 16, 100), [100, 100, 100]);
  assertEquals(of([[100, 120]], 3), [100, 90, 90]);
  assertEquals(of([[10, 20], [30, 40]], 2), [10, 10, 260]);
  assertEquals(of([[0, 300]], 4), []);
});

Deno.test("SegmentPlan gives half of the largest segment, until what is left is too small", () => {
  const plan = new SegmentPlan(100, [], 20);
  const one = plan.take({})!;
  plan.begin(one);
  plan.advance(one, 20);
  const two = plan.take({})!;
  assertEquals([one.to, two.from, two.to], [60, 60, 100]);
  const three = plan.take({})!;
  assertEquals([one.to, three.from, three.to], [40, 40, 60]);
  plan.take({});
  assertEquals([plan.hasWork, plan.take({})], [false, undefined]);
  assertThrows(() => plan.advance(one, 21), RangeError, "from 0 to 20");
});

Deno.test("SegmentPlan lets a connection go on through what nobody has begun to fetch, not through what others do", () => {
  const plan = new SegmentPlan(100, [], 10);
  plan.divide(4);
  const [lead, other] = [{}, {}];
  const one = plan.take(lead)!;
  const two = plan.take(other)!;
  plan.advance(one, 25);
  assertStrictEquals(plan.follow(one, 25, 100), two);
  assertStrictEquals(two.holder, lead);
  plan.advance(two, 25);
  const three = plan.take(other)!;
  plan.begin(three);
  plan.advance(three, 5);
  assertEquals(plan.follow(two, 50, 100), undefined);
  assertEquals(plan.follow(two, Infinity, 75), undefined);
  assertEquals(plan.follow(two, Infinity, 100)?.from, 75);
});

Deno.test("segmentCount gives a connection only to what is worth it", () => {
  const MIB = 1024 * 1024;
  assertEquals(segmentCount(8, 100 * MIB, 100 * MIB, MIB), 8);
  assertEquals(segmentCount(8, 100 * MIB, 3 * MIB, MIB), 3);
  assertEquals(segmentCount(8, 100, 100, MIB), 1);
  assertEquals(segmentCount("auto", 64 * MIB, 64 * MIB, MIB), 1);
  assertEquals(segmentCount("auto", 64 * MIB + 1, 64 * MIB, MIB), 4);
});
