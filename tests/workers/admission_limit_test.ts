import { assert, assertEquals } from "@std/assert";
import { AdmissionLimit } from "../../workers/admission_limit.ts";

function looks(limit: AdmissionLimit, load: number, count: number): number[] {
  return Array.from({ length: count }, () => {
    limit.sample(load, limit.value);
    return limit.value;
  });
}

Deno.test("AdmissionLimit starts low, doubles on an idle core, and ends at its maximum", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  assertEquals(limit.value, 4);
  assertEquals(looks(limit, 10, 6), [8, 16, 32, 64, 64, 64]);
});

Deno.test("AdmissionLimit rises with every ended download before it was ever too high", () => {
  const limit = new AdmissionLimit({ max: 6, threshold: 90 }, 10);
  for (let i = 0; i < 5; i++) limit.completed();
  assertEquals(limit.value, 6);
});

Deno.test("AdmissionLimit starts at one on a busy core, and stays there however many downloads end", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 1 }, 100);
  for (let i = 0; i < 100; i++) {
    limit.completed();
    limit.sample(100, limit.value);
    assertEquals(limit.value, 1);
  }
});

Deno.test("AdmissionLimit falls under what is running when the core is busy, and never under one", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  looks(limit, 10, 10);
  limit.sample(95, 20);
  assert(limit.value < 20);
  const falling = looks(limit, 95, 30);
  assert(falling.every((value, i) => i === 0 || value <= falling[i - 1]!));
  assertEquals(falling.at(-1), 1);
});

Deno.test("AdmissionLimit comes back when the load is gone, in steps that do not double", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  looks(limit, 95, 30);
  const rising = looks(limit, 50, 60);
  assertEquals(rising.at(-1), 64);
  assert(rising.every((value, i) => i === 0 || value < rising[i - 1]! * 2 || rising[i - 1]! <= 2));
});

Deno.test("AdmissionLimit does not rise while nobody needs more", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 90 }, 10);
  for (let i = 0; i < 10; i++) limit.sample(10, 1);
  assertEquals(limit.value, 4);
});

Deno.test("AdmissionLimit with a threshold of 100 is never throttled", () => {
  const limit = new AdmissionLimit({ max: 64, threshold: 100 }, 100);
  assertEquals(looks(limit, 100, 5).at(-1), 64);
});
