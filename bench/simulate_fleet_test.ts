import { assert, assertAlmostEquals } from "@std/assert";
import type { ServerCosts } from "./fleet/server_costs.ts";
import { simulateFleet } from "./fleet/simulate.ts";

const COSTS: ServerCosts = {
  add: 15,
  claim: { call: 50, task: 10 },
  settle: { call: 50, task: 10 },
  heartbeat: 10,
  orders: 10,
};

Deno.test("simulateFleet gives a small fleet all that it wants, and a large one what the server can do", () => {
  const small = simulateFleet({ machines: 4, speed: 1000, downloadMs: 100, costs: COSTS });
  assertAlmostEquals(small.filesPerSecond, 4000, 400);
  // Twenty microseconds a file, and what the calls themselves cost.
  assert(small.busy > 0.07 && small.busy < 0.2, `${small.busy}`);
  assert(small.callMs < 5, `${small.callMs}`);
  const large = simulateFleet({ machines: 100, speed: 1000, downloadMs: 100, costs: COSTS });
  assert(large.filesPerSecond < 50_000 && large.filesPerSecond > 40_000, `${large.filesPerSecond}`);
  assert(large.busy > 0.98);
  assert(large.callMs > 10 * small.callMs);
});
