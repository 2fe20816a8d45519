import { assert, assertEquals } from "@std/assert";
import { AdmissionLimit } from "../../workers/admission_limit.ts";

/** A core that is always asked for more: long downloads, or short ones that end before the next look. */
function looks(limit: AdmissionLimit, load: number, count: number, kind: "long" | "short" = "long"): number[] {
  return Array.from({ length: count }, () => {
    let starts = 0;
    const active = () => kind === "long" ? (starts === 0 ? limit.value - 1 : limit.value) : 0;
    while (starts < 20_000 && limit.mayStart(active())) {
      limit.started();
      starts++;
    }
    limit.sample(load, kind === "long" ? limit.value : 1);
    return kind === "long" ? limit.value : starts;
  });
}

Deno.test("AdmissionLimit starts low, opens fast on an idle core, and ends at its maximum", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  assertEquals(limit.value, 4);
  const rising = looks(limit, 10, 5);
  assertEquals(rising.at(-1), 64);
  assert(rising[0]! > 8, `${rising}`);
});

Deno.test("AdmissionLimit rises with every ended download before it was ever too high", () => {
  const limit = new AdmissionLimit({ max: 6, threshold: 90 }, 10);
  for (let i = 0; i < 5; i++) limit.completed();
  assertEquals(limit.value, 6);
});

Deno.test("AdmissionLimit with a threshold of 1 on a busy core runs one at a time, and always one", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 1 }, 100);
  for (let i = 0; i < 100; i++) {
    assert(limit.mayStart(0));
    assert(!limit.mayStart(1));
    limit.started();
    assert(!limit.mayStart(0), "one start a look");
    limit.completed();
    limit.sample(100, i % 2);
    assertEquals(limit.value, 1);
  }
});

Deno.test("AdmissionLimit falls under what is running when the core is busy, never under one", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  looks(limit, 10, 10);
  for (let i = 0; i < 6; i++) limit.sample(100, 20);
  assert(limit.value < 20);
  assert(!limit.mayStart(20));
  const falling = looks(limit, 95, 30);
  assert(falling.every((value, i) => i === 0 || value <= falling[i - 1]!), `${falling}`);
  assertEquals(falling.at(-1), 1);
});

Deno.test("AdmissionLimit takes starts away from short downloads step by step, and leaves them their connections", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  looks(limit, 10, 10);
  for (let look = 0; look < 4; look++) {
    for (let i = 0; i < 500; i++) limit.started();
    limit.sample(100, 64);
  }
  const falling = looks(limit, 100, 120, "short");
  assert(falling[0]! >= 300 && falling[0]! < 500, `${falling}`);
  assert(falling.every((starts, i) => i === 0 || starts >= Math.floor(falling[i - 1]! * 0.9) - 1), `${falling}`);
  assertEquals(limit.value, 64);
  assert(falling.at(-1)! < 20 && falling.at(-1)! >= 1);
});

Deno.test("AdmissionLimit closes in the measure in which the load is too high, and then holds", () => {
  // A core whose load is proportional to what starts: 100 starts fill it.
  const limit = new AdmissionLimit({ max: 64, threshold: 60 }, 10);
  const seen: number[] = [];
  for (let look = 0; look < 300; look++) {
    let starts = 0;
    while (starts < 120 && limit.mayStart(0)) {
      limit.started();
      starts++;
    }
    limit.sample(Math.min(100, starts), 1);
    seen.push(starts);
  }
  const settled = seen.slice(30);
  const mean = settled.reduce((sum, starts) => sum + starts, 0) / settled.length;
  assert(mean > 50 && mean < 65, `${mean}`);
  assert(Math.max(...settled) < 80, `${settled}`);
});

Deno.test("AdmissionLimit opens in small steps near the threshold, and in large ones far below it", () => {
  const near = new AdmissionLimit({ max: 1000, threshold: 90 }, 100);
  const far = new AdmissionLimit({ max: 1000, threshold: 90 }, 100);
  for (const limit of [near, far]) looks(limit, 100, 10);
  assert(looks(near, 85, 8).at(-1)! < looks(far, 10, 8).at(-1)! / 2);
});

Deno.test("AdmissionLimit does not rise while nobody needs more", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  for (let i = 0; i < 10; i++) limit.sample(10, 1);
  assertEquals(limit.value, 4);
});

Deno.test("AdmissionLimit with a threshold of 100 is never throttled", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 100 }, 100);
  assertEquals(looks(limit, 100, 40).at(-1), 64);
  assert(looks(limit, 100, 3, "short").every((starts) => starts >= 10_000));
});

Deno.test("AdmissionLimit gives way to others until a tenth of the threshold is left to it", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  looks(limit, 10, 10);
  // The core is full, and shared evenly with what the others want: 100 starts are half of it.
  const seen: number[] = [];
  for (let look = 0; look < 600; look++) {
    let starts = 0;
    while (starts < 100 && limit.mayStart(0)) {
      limit.started();
      starts++;
    }
    limit.sample(100, 1, starts / 2);
    seen.push(starts);
  }
  const settled = seen.slice(100);
  const mean = settled.reduce((sum, starts) => sum + starts, 0) / settled.length;
  assert(mean > 15 && mean < 25, `${mean}`);
  assert(Math.max(...settled) < 40, `${settled}`);
});

Deno.test("AdmissionLimit on a core that others fill starts what costs next to nothing", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 100);
  const rising: number[] = [];
  for (let look = 0; look < 30; look++) {
    let active = rising.at(-1) ?? 0;
    while (limit.mayStart(active)) {
      limit.started();
      active++;
    }
    // Slow servers: all that was begun still runs.
    limit.sample(100, active, active / 20);
    rising.push(active);
  }
  assertEquals(rising.slice(0, 2), [1, 4]);
  assert(rising[5]! > 4 && rising[5]! <= 64, `${rising}`);
  assertEquals(rising.at(-1), 64);
});

Deno.test("AdmissionLimit with a low threshold leaves a low share to itself", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 10 }, 100);
  for (let look = 0; look < 60; look++) {
    while (limit.mayStart(0)) limit.started();
    limit.sample(100, 1, 5);
  }
  assert(limit.mayStart(0));
  limit.started();
  assert(!limit.mayStart(0), "one start a look");
});
