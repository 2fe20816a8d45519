import { assert, assertEquals } from "@std/assert";
import { SharedClock } from "../../download/shared_clock.ts";
import { CallWorker } from "./fixtures/call_worker.ts";
import type { RateCall } from "./fixtures/rate_worker.ts";

Deno.test("SharedClock tells the same time in all threads, however long they have run", async () => {
  const clock = new SharedClock();
  for (let round = 0; round < 3; round++) {
    using worker = new CallWorker<RateCall, Float64Array>(new URL("./fixtures/rate_worker.ts", import.meta.url));
    const before = clock.now();
    const [between] = await worker.call({ type: "now" });
    const after = clock.now();
    assert(before - 1 <= between! && between! <= after + 1, `${before} <= ${between} <= ${after}`);
  }
});

Deno.test("SharedClock is as fine as its ticks while the system's clock agrees, and follows it when it was set", () => {
  let wall = 1_000_000;
  let ticks = 500;
  const clock = new SharedClock({ now: () => wall }, { timeOrigin: 999_500, now: () => ticks });
  assertEquals(clock.now(), 1_000_000);
  ticks += 0.125;
  assertEquals(clock.now(), 1_000_000.125);
  // A machine that slept: the monotonic clock stood still.
  wall += 3_600_000;
  assertEquals(clock.now(), wall);
  ticks += 0.5;
  assertEquals(clock.now(), wall + 0.5);
  wall -= 7_200_000;
  assertEquals(clock.now(), wall);
});
