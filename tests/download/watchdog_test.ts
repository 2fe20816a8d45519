import { assert, assertEquals, assertMatch } from "@std/assert";
import { Watchdog, type WatchLimits } from "../../download/watchdog.ts";
import type { LookupWatch } from "../../download/name_lookups.ts";
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

Deno.test("Watchdog takes no look-up of a name for a silent host: its times begin when the look-up ends", async () => {
  const probed = Promise.withResolvers<number>();
  using watchdog = new Watchdog({ connectTimeoutMs: 400, stallTimeoutMs: 3_600_000 }, (_url, signal) => {
    probed.resolve(watchdog.now);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  using stalls = new Watchdog({ connectTimeoutMs: 3_600_000, stallTimeoutMs: 400 }, neverAsked);
  using looks = watchdog.start(URL);
  using other = stalls.start(URL);
  // Two of its connections wait for names.
  for (const each of [looks, looks, other]) each.lookingUp();
  const begun = watchdog.now;
  await until("both times to be over", () => watchdog.now > begun + 1000 && stalls.now > 1000);
  looks.lookedUp();
  assertEquals([looks.signal.aborted, other.signal.aborted], [false, false]);
  const ended = watchdog.heardMs;
  for (const each of [looks, other]) each.lookedUp();
  await until("no connection to come about", () => looks.signal.aborted);
  await until("the host to be silent", () => other.signal.aborted);
  assert(await probed.promise - ended >= 200);
  assertMatch(looks.signal.reason.message, /^h\.test: no connection after 0\.4 s$/);
  assertMatch(other.signal.reason.message, /^h\.test: no byte for 0\.4 s$/);
});

Deno.test("Watchdog does not count the look-up of the probe either", async () => {
  const looked = Promise.withResolvers<void>();
  let watch: LookupWatch | undefined;
  using watchdog = new Watchdog({ connectTimeoutMs: 400, stallTimeoutMs: 3_600_000 }, async (_url, signal, told) => {
    watch = told;
    watch!.lookingUp();
    await looked.promise;
    watch!.lookedUp();
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  using attempt = watchdog.start(URL);
  await until("the probe", () => watch !== undefined);
  const begun = watchdog.now;
  await until("its time to be over", () => watchdog.now > begun + 1000);
  assertEquals(attempt.signal.aborted, false);
  looked.resolve();
  await until("no connection to come about", () => attempt.signal.aborted);
});
