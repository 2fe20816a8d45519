import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RATE_BURST_MS, RateLimiter } from "../../download/rate_limiter.ts";
import { CallWorker } from "./fixtures/call_worker.ts";
import type { RateCall } from "./fixtures/rate_worker.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A clock that a test moves, in whole microseconds. */
class HandClock {
  us = 5_000_000;
  now(): number {
    return this.us / 1000;
  }
}

const rates = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 10 * KIB, max: GIB }));
const steps = fc.array(
  fc.record({
    who: fc.nat({ max: 2 }),
    bytes: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: MIB })),
    idleUs: fc.oneof(fc.constant(0), fc.nat({ max: 1000 }), fc.nat({ max: 2_000_000 })),
  }),
  { minLength: 1, maxLength: 60 },
);

Deno.test("RateLimiter grants in no stretch of time more than the rate, the burst and one piece", () => {
  fc.assert(fc.property(rates, steps, (rate, takes) => {
    const clock = new HandClock();
    const first = RateLimiter.create(rate, clock);
    const all = [first, RateLimiter.attach(first.buffer, clock), RateLimiter.attach(first.buffer, clock)];
    const grants = takes.map(({ who, bytes, idleUs }) => {
      clock.us += idleUs;
      return { at: clock.now() + all[who]!.take(bytes), bytes };
    });
    // Grants come in the order of the takes.
    for (let from = 0; from < grants.length; from++) {
      let total = 0;
      for (let to = from; to < grants.length; to++) {
        const ms = grants[to]!.at - grants[from]!.at;
        assert(ms > -1e-6);
        // All but the last piece has to fit.
        assert(total <= rate * (ms + RATE_BURST_MS) / 1000 * (1 + 1e-9) + 1e-3, `${total} B in ${ms} ms`);
        total += grants[to]!.bytes;
      }
    }
  }));
});

Deno.test("RateLimiter loses nothing to a caller that wakes up late by less than the burst", () => {
  const late = fc.array(fc.nat({ max: RATE_BURST_MS * 1000 - 1 }), { minLength: 1, maxLength: 50 });
  const share = fc.double({ min: 0.001, max: 2, noNaN: true });
  fc.assert(fc.property(rates, share, late, (rate, seconds, lates) => {
    const clock = new HandClock();
    const limiter = RateLimiter.create(rate, clock);
    const start = clock.now();
    const bytes = Math.ceil(rate * seconds);
    let total = 0;
    for (const us of lates) {
      let wait = 0;
      while (wait === 0) {
        wait = limiter.take(bytes);
        total += bytes;
      }
      clock.us += Math.floor(wait * 1000) + us;
    }
    // What lies more than a second ahead shows what everything before has cost.
    limiter.take(rate);
    const ms = clock.now() - start + limiter.take(1);
    assertAlmostEquals(ms, (total + rate) / rate * 1000, 0.001 + ms * 1e-6);
  }));
});

Deno.test("RateLimiter credits idle time up to the burst and no further", () => {
  const idle = fc.integer({ min: 0, max: 1_000_000_000 });
  fc.assert(fc.property(fc.integer({ min: 10 * KIB, max: GIB }), idle, (rate, us) => {
    const clock = new HandClock();
    const limiter = RateLimiter.create(rate, clock);
    clock.us += us;
    const credit = Math.min(us / 1000, RATE_BURST_MS);
    const piece = Math.ceil(rate / 1000);
    limiter.take(piece * 1000);
    assertAlmostEquals(limiter.take(1), piece * 1000 / rate * 1000 - credit, 0.001);
  }));
});

for (const rate of [10 * KIB, 300_000, 7 * MIB, 1_060_000_000, GIB]) {
  for (const bytes of [1, 100, 16 * KIB, MIB]) {
    Deno.test(`RateLimiter keeps to ${rate} B/s with pieces of ${bytes} B`, () => {
      const clock = new HandClock();
      const first = RateLimiter.create(rate, clock);
      const all = [first, RateLimiter.attach(first.buffer, clock)];
      const start = clock.now();
      let total = 0;
      // 10 s at the rate, or as much of it as is a million pieces.
      for (let takes = 0; takes < 1_000_000 && clock.now() - start < 10_000; takes++) {
        const wait = all[takes % 2]!.take(bytes);
        clock.us += Math.ceil(wait * 1000);
        total += bytes;
      }
      const due = clock.now() - start + first.take(bytes);
      const expected = rate * due / 1000;
      assert(Math.abs(total - expected) <= 0.05 * expected + bytes, `${total} B in ${due} ms`);
    });
  }
}

Deno.test("RateLimiter without a rate never holds up, and a rate can be set, changed and taken away", () => {
  const clock = new HandClock();
  const limiter = RateLimiter.create(0, clock);
  assertEquals([limiter.take(GIB), limiter.take(GIB)], [0, 0]);
  const other = RateLimiter.attach(limiter.buffer, clock);
  other.setRate(1000);
  assertEquals(limiter.rate, 1000);
  clock.us += 1_000_000;
  assertEquals([limiter.take(600), other.take(500), limiter.take(1)], [0, 500, 1000]);
  // 1001 bytes are owed: at the new rate they take a tenth of the time.
  limiter.setRate(10_000);
  assertAlmostEquals(other.take(1), 100.1, 0.001);
  limiter.setRate(0);
  assertEquals(other.take(GIB), 0);
  limiter.setRate(1000);
  assertEquals([other.take(50), other.take(50)], [0, 50]);
});

Deno.test("RateLimiter counts only pieces of some size", () => {
  const limiter = RateLimiter.create(1000, new HandClock());
  assertEquals([0, -5, 100, 0, 100].map((bytes) => limiter.take(bytes)), [0, 0, 0, 0, 100]);
});

Deno.test("RateLimiter bears more than can ever be paid", () => {
  const limiter = RateLimiter.create(1, new HandClock());
  limiter.take(Number.MAX_SAFE_INTEGER);
  limiter.take(Number.MAX_SAFE_INTEGER);
  const wait = limiter.take(1);
  assert(wait > 4 * 365 * 86_400_000 && Number.isFinite(wait), `${wait}`);
});

Deno.test("RateLimiter lets nobody wait for a time that was before the clock was set back", () => {
  const clock = new HandClock();
  clock.us = 1e12;
  const limiter = RateLimiter.create(1000, clock);
  limiter.take(1000);
  clock.us -= 3_600_000_000;
  assertEquals([limiter.take(1000), limiter.take(1000)], [0, 1000]);
});

for (const rate of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
  Deno.test(`RateLimiter refuses a rate of ${rate}`, () => {
    assertThrows(() => RateLimiter.create(rate), RangeError, `current value is ${rate}`);
    const limiter = RateLimiter.create(5);
    assertThrows(() => limiter.setRate(rate), RangeError, `current value is ${rate}`);
    assertEquals(limiter.rate, 5);
  });
}

function startWorkers(count: number): DisposableStack & { workers: CallWorker<RateCall, Float64Array>[] } {
  const stack = new DisposableStack();
  const entry = new URL("./fixtures/rate_worker.ts", import.meta.url);
  return Object.assign(stack, {
    workers: Array.from({ length: count }, () => stack.use(new CallWorker<RateCall, Float64Array>(entry))),
  });
}

Deno.test("RateLimiter gives each stretch of time to one of four Workers, and loses none", async () => {
  using stack = startWorkers(4);
  const now = 5000;
  const takes = 20_000;
  const limiter = RateLimiter.create(1_000_000, { now: () => now });
  const waits = await Promise.all(
    stack.workers.map((worker) => worker.call({ type: "take", buffer: limiter.buffer, now, takes, bytes: 1000 })),
  );
  for (const own of waits) assert(own.every((wait, index) => index === 0 || wait > own[index - 1]!));
  const all = Float64Array.from(waits.flatMap((own) => [...own])).sort();
  assertEquals(all, Float64Array.from({ length: 4 * takes }, (_, index) => index));
  assertEquals(limiter.take(1), 4 * takes);
});

Deno.test("RateLimiter.setRate of one Worker holds for the others at once", async () => {
  using stack = startWorkers(2);
  const now = 5000;
  const limiter = RateLimiter.create(0, { now: () => now });
  const { buffer } = limiter;
  const [setter, taker] = stack.workers;
  await setter!.call({ type: "rate", buffer, now, rate: 100 });
  const waits = await taker!.call({ type: "take", buffer, now, takes: 3, bytes: 10 });
  assertEquals(waits, Float64Array.of(0, 100, 200));
  await setter!.call({ type: "rate", buffer, now, rate: 1000 });
  assertEquals(limiter.take(1), 30);
});

Deno.test("RateLimiter takes back what was not used, and no more", () => {
  const clock = new HandClock();
  const limiter = RateLimiter.create(1000, clock);
  limiter.take(100);
  limiter.take(1000);
  assertEquals(limiter.take(1), 1100);
  limiter.give(601);
  assertEquals(limiter.take(1), 500);
  const unlimited = RateLimiter.create(0, clock);
  unlimited.give(1000);
  assertEquals(unlimited.take(1e9), 0);
});
