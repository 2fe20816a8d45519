import { assert, assertEquals } from "@std/assert";
import { RateMeter } from "../../app/rate_meter.ts";

Deno.test("RateMeter tells the same in whatever rhythm it is looked at", () => {
  const [often, rarely] = [new RateMeter(0, 0), new RateMeter(0, 0)];
  let last = 0;
  for (let ms = 200; ms <= 6000; ms += 200) last = often.read(ms * 5, ms);
  assertEquals(Math.round(last), 5000);
  for (let ms = 2000; ms <= 6000; ms += 2000) last = rarely.read(ms * 5, ms);
  assertEquals(Math.round(last), 5000);
});

Deno.test("RateMeter tells the mean since the beginning first, and forgets it with time", () => {
  const meter = new RateMeter(100, 1000);
  assertEquals(meter.read(100, 1000), 0);
  assertEquals(Math.round(meter.read(1100, 2000)), 1000);
  // Nothing comes any more.
  const after = [3, 6, 12, 24].map((s) => meter.read(1100, 1000 + s * 1000));
  assert(after[0]! < 1000 && after[3]! < 1, String(after));
  // A clock that was set back is no reason for a negative rate.
  assertEquals(meter.read(1100, 0), after[3]);
});
