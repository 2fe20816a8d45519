import { assertEquals } from "@std/assert";
import { ClockWatch } from "../../app/clock_watch.ts";

Deno.test("ClockWatch tells by how much the clock was set back, once, and nothing of other steps", () => {
  let wall = 1_700_000_000_000;
  let steady = 1000;
  const told: number[] = [];
  using watch = new ClockWatch({ clock: { now: () => wall }, steady: () => steady, back: (ms) => told.push(ms) });
  const pass = (ms: number, set = 0) => {
    steady += ms;
    wall += ms + set;
    watch.look();
  };
  pass(1000);
  pass(1000, -3_600_000);
  pass(1000);
  assertEquals(told, [3_600_000]);
  pass(1000, 3_600_000);
  for (let i = 0; i < 100; i++) pass(1000, -200);
  // A machine that slept: the other clock stood still.
  wall += 10_000_000;
  pass(0);
  assertEquals(told, [3_600_000]);
  pass(60_000, -10_000);
  assertEquals(told, [3_600_000, 10_000]);
});
