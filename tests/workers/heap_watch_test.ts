import { assert, assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { heapUse, HeapWatch } from "../../workers/heap_watch.ts";

Deno.test("HeapWatch says once that a heap stays full, and nothing of one that empties in between", async () => {
  const uses = [90, 95, 50, 86, 90, 85, 99, 99];
  const told: number[] = [];
  let looks = 0;
  using _watch = new HeapWatch(({ used }) => told.push(used), () => ({ used: uses[looks++] ?? 99, limit: 100 }), 0);
  await until("the heap to be full", () => looks >= 6, { everyMs: 1 });
  // Another one, begun later, looks twice more: so often the first would have looked by then as well.
  let others = 0;
  using _other = new HeapWatch(() => {}, () => ({ used: others++, limit: 100 }), 0);
  await until("the other one's looks", () => others >= 3, { everyMs: 1 });
  assertEquals([told, looks], [[85], 6]);
});

Deno.test("heapUse measures this thread", () => {
  const { used, limit } = heapUse();
  assert(used > 1e6 && used < limit, `${used} of ${limit}`);
});
