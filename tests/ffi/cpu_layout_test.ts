import { assertEquals, assertThrows } from "@std/assert";
import { cpuLayout, type CpuLayoutOptions } from "../../ffi/cpu_layout.ts";

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

const LAYOUTS: [name: string, options: CpuLayoutOptions, main: number, workers: number[]][] = [
  ["gives a single core everything", { allowed: [5], quota: undefined }, 5, [5]],
  ["splits two cores", { allowed: [0, 1], quota: undefined }, 0, [1]],
  ["takes every other core", { allowed: EIGHT, quota: undefined }, 0, [1, 2, 3, 4, 5, 6, 7]],
  ["takes the cores of a container as they are", { allowed: [3, 6, 9], quota: undefined }, 3, [6, 9]],
  ["counts a core once", { allowed: [2, 2, 3, 3], quota: undefined }, 2, [3]],
  ["keeps to a quota", { allowed: EIGHT, quota: 4 }, 0, [1, 2, 3]],
  ["keeps one of a quota of two for the main thread", { allowed: EIGHT, quota: 2 }, 0, [1]],
  ["has a worker on a quota of one", { allowed: EIGHT, quota: 1 }, 0, [1]],
  ["has a worker on a quota below one", { allowed: EIGHT, quota: 0.25 }, 0, [1]],
  ["rounds a quota down", { allowed: EIGHT, quota: 3.9 }, 0, [1, 2]],
  ["has a worker on a single core with a quota", { allowed: [0], quota: 0.5 }, 0, [0]],
  ["ignores a quota as large as the cores", { allowed: [0, 1, 2], quota: 3 }, 0, [1, 2]],
  ["ignores a quota above the cores", { allowed: [0, 1, 2], quota: 64 }, 0, [1, 2]],
  ["uses the named cores", { allowed: EIGHT, quota: undefined, cores: [6, 2] }, 0, [6, 2]],
  ["uses the main thread's core if it is named", { allowed: [0, 1], quota: undefined, cores: [0, 1] }, 0, [0, 1]],
  ["uses a named core once", { allowed: EIGHT, quota: undefined, cores: [4, 4] }, 0, [4]],
  ["puts named cores above the quota", { allowed: EIGHT, quota: 1, cores: [1, 2, 3] }, 0, [1, 2, 3]],
  ["starts fewer workers on request", { allowed: EIGHT, quota: undefined, workers: 2 }, 0, [1, 2]],
  ["puts the number of workers above the quota", { allowed: EIGHT, quota: 2, workers: 4 }, 0, [1, 2, 3, 4]],
  ["adds the main thread's core last", { allowed: [0, 1, 2], quota: undefined, workers: 3 }, 0, [1, 2, 0]],
  ["goes round with more workers than cores", { allowed: [0, 1], quota: undefined, workers: 5 }, 0, [1, 0, 1, 0, 1]],
  ["goes round on a single core", { allowed: [7], quota: undefined, workers: 3 }, 7, [7, 7, 7]],
  ["goes round the named cores only", { allowed: EIGHT, quota: 1, cores: [2, 5], workers: 3 }, 0, [2, 5, 2]],
  ["takes the first of the named cores", { allowed: EIGHT, quota: undefined, cores: [2, 5], workers: 1 }, 0, [2]],
];

for (const [name, options, main, workers] of LAYOUTS) {
  Deno.test(`cpuLayout ${name}`, () => assertEquals(cpuLayout(options), { main, workers }));
}

const REFUSALS: [options: CpuLayoutOptions, message: string][] = [
  [{ allowed: [], quota: undefined }, "allowed must be at least one core"],
  [
    { allowed: [0, 2], quota: undefined, cores: [0, 9] },
    "cores must be among the allowed cores 0,2: current value is 9",
  ],
  [{ allowed: [0, 2], quota: undefined, cores: [1] }, "cores must be among the allowed cores 0,2: current value is 1"],
  [{ allowed: [0, 2], quota: undefined, cores: [] }, "cores must be at least one core"],
  [{ allowed: [0], quota: undefined, workers: 0 }, "workers must be a positive integer: current value is 0"],
  [{ allowed: [0], quota: undefined, workers: 1.5 }, "workers must be a positive integer: current value is 1.5"],
  [{ allowed: [0], quota: 0 }, "quota must be above 0: current value is 0"],
  [{ allowed: [0], quota: NaN }, "quota must be above 0: current value is NaN"],
];

for (const [options, message] of REFUSALS) {
  Deno.test(`cpuLayout says that ${message}`, () => {
    assertThrows(() => cpuLayout(options), RangeError, message);
  });
}
