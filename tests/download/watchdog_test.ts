import { assert, assertEquals, assertMatch } from "@std/assert";
import { Watchdog, type WatchLimits } from "../../download/watchdog.ts";
import { until } from "../support/until.ts";

const LIMITS: WatchLimits = { connectTimeoutMs: 1600, stallTimeoutMs: 800 };
const URL = "http://h.test/x";
const neverAsked = () => Promise.reject(new Error("the test wants no probe"));

/** The thread does nothing else, as one whose process is stopped. */
function standStill(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Waits until the watchdog has looked once more. */
async function look(watchdog: Watchdog): Promise<void> {
  const before = watchdog.now;
  await until("a look", () => watchdog.now > before, { everyMs: 1 });
}

Deno.test("Watchdog takes no time for silence in which its own thread did not run", async () => {
  let probes = 0;
  using watchdog = new Watchdog({ ...LIMITS, minSpeed: 1 }, () => {
    probes++;
    return Promise.resolve();
  });
  using silent = watchdog.start(URL);
  using slow = watchdog.start(URL);
  slow.opened();
  standStill(900);
  await look(watchdog);
  assertEquals([silent.signal.aborted, slow.signal.aborted, probes], [false, false, 0]);
  // But it does not forget the time in which nothing came.
  await until("the silence to be too long", () => silent.signal.aborted && slow.signal.aborted);
  assertMatch(silent.signal.reason.message, /^h\.test: no byte for 0\.8 s$/);
});

Deno.test("Watchdog ends what takes too long in all, wherever the time went", async () => {
  using watchdog = new Watchdog({ ...LIMITS, timeoutMs: 900 }, neverAsked);
  using attempt = watchdog.start(URL);
  attempt.opened();
  standStill(1000);
  await look(watchdog);
  assert(attempt.signal.aborted);
  assertMatch(attempt.signal.reason.message, /not finished after 0\.9 s/);
});

Deno.test("Watchdog lets go on what brings bytes, or waits for something on this side", async () => {
  using watchdog = new Watchdog(LIMITS, neverAsked);
  using brings = watchdog.start(URL);
  using rests = watchdog.start(URL);
  using silent = watchdog.start(URL);
  for (const each of [brings, rests, silent]) each.opened();
  while (!silent.signal.aborted) {
    brings.touch(1);
    rests.rest();
    await look(watchdog);
  }
  assertEquals([brings.signal.aborted, rests.signal.aborted], [false, false]);
});
