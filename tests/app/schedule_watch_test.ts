import { assertEquals } from "@std/assert";
import type { DownloaderNews } from "../../app/downloader_event.ts";
import { ScheduleWatch } from "../../app/schedule_watch.ts";
import { StartHold } from "../../app/start_hold.ts";
import { SharedCounters } from "../../base/shared_counters.ts";
import { parseTimeWindow, type TimeWindow } from "../../base/time_window.ts";

const at = (hour: number, minute = 0, second = 0) => new Date(2026, 5, 1, hour, minute, second).getTime();

function setUp(now: number, { startAt = 0, windows = [] as TimeWindow[] } = {}) {
  const counters = SharedCounters.create(2);
  const hold = new StartHold(counters);
  const news: DownloaderNews[] = [];
  const clock = { time: now, now: () => clock.time };
  const seen = { interrupts: 0 };
  const interrupt = () => void seen.interrupts++;
  const watch = new ScheduleWatch({
    startAt,
    windows,
    graceMs: 4000,
    hold,
    interrupt,
    news: (each) => news.push(each),
    clock,
  });
  const held = () => [0, 1].map((worker) => counters.get(worker, "held"));
  const go = (to: number) => {
    clock.time = to;
    watch.look();
  };
  return { watch, hold, news, seen, held, go };
}

Deno.test("ScheduleWatch holds everything outside of its window, and ends what runs after the grace period", () => {
  const { watch, news, seen, held, go } = setUp(at(23), { windows: [parseTimeWindow("22:00-06:00")!] });
  using _ = watch;
  assertEquals([news, held(), watch.opensAt], [[], [0, 0], undefined]);
  const morning = at(24 + 6);
  go(morning);
  const opensAt = at(24 + 22);
  assertEquals([news, held(), watch.opensAt], [[{ type: "window_closed", opensAt }], [1, 1], opensAt]);
  go(morning + 3999);
  assertEquals(seen.interrupts, 0);
  go(morning + 4000);
  go(morning + 4250);
  assertEquals(seen.interrupts, 2);
  go(opensAt);
  assertEquals([news.slice(1), held(), watch.opensAt], [[{ type: "window_opened" }], [0, 0], undefined]);
  go(opensAt + 5000);
  assertEquals(seen.interrupts, 2);
});

Deno.test("ScheduleWatch waits for its time, and then for a window", () => {
  const startAt = at(12);
  const { watch, news, held, go } = setUp(at(10), { startAt, windows: [parseTimeWindow("9:00-11:00")!] });
  using _ = watch;
  const opensAt = at(24 + 9);
  assertEquals([news, held()], [[{ type: "window_closed", opensAt }], [1, 1]]);
  go(startAt);
  assertEquals(held(), [1, 1]);
  go(opensAt);
  assertEquals(held(), [0, 0]);
});

Deno.test("StartHold holds until the last reason is gone", () => {
  const { watch, hold, held, go } = setUp(at(10), { startAt: at(12) });
  using _ = watch;
  hold.set("space", true);
  go(at(12));
  assertEquals(held(), [1, 1]);
  hold.set("space", false);
  assertEquals(held(), [0, 0]);
});
