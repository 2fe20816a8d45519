import { assertEquals } from "@std/assert";
import { WorkerWatch } from "../../app/worker_watch.ts";

function setUp() {
  const beats = [0, 0];
  const silent: number[] = [];
  const clock = { ms: 0 };
  const watch = new WorkerWatch(30_000, {
    workers: 2,
    beat: (worker) => beats[worker]!,
    silent: (worker) => silent.push(worker),
    now: () => clock.ms,
  });
  const go = (seconds: number, ...living: number[]) => {
    for (let i = 0; i < seconds; i++) {
      clock.ms += 1000;
      for (const worker of living) beats[worker]!++;
      watch.look();
    }
  };
  return { watch, silent, clock, go };
}

Deno.test("WorkerWatch tells once of a worker that is silent for too long, and of no other", () => {
  const { watch, silent, go } = setUp();
  using _ = watch;
  watch.started(0);
  watch.started(1);
  go(20, 0);
  go(1, 0, 1);
  go(29, 0);
  assertEquals(silent, []);
  go(1, 0);
  assertEquals(silent, [1]);
  go(100, 0);
  assertEquals(silent, [1]);
  watch.started(1);
  go(31, 1);
  assertEquals(silent, [1, 0]);
});

Deno.test("WorkerWatch counts no time in which the process stood still, and none after a worker has ended", () => {
  const { watch, silent, clock, go } = setUp();
  using _ = watch;
  watch.started(0);
  go(20);
  clock.ms += 3_600_000;
  watch.look();
  go(9);
  assertEquals(silent, []);
  watch.ended(0);
  go(60);
  assertEquals(silent, []);
});
