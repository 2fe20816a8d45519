import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nextTimeOfDay, parseDateTime, parseStartTime, parseTimeOfDay } from "../../base/date_time.ts";
import { isWithin, nextWithin, parseTimeWindow } from "../../base/time_window.ts";

const NOON = new Date(2026, 5, 1, 12, 0, 0).getTime();

Deno.test("parseDateTime reads offsets, local time and bare dates", () => {
  assertEquals(parseDateTime("2026-12-24T22:00:00Z"), Date.UTC(2026, 11, 24, 22));
  assertEquals(parseDateTime("2026-12-24T22:00+02:00"), Date.UTC(2026, 11, 24, 20));
  assertEquals(parseDateTime("2026-12-24T22:00:01.500Z"), Date.UTC(2026, 11, 24, 22, 0, 1, 500));
  assertEquals(parseDateTime("2026-12-24T22:00"), new Date(2026, 11, 24, 22).getTime());
  assertEquals(parseDateTime("2026-12-24"), new Date(2026, 11, 24).getTime());
});

Deno.test("parseDateTime takes nothing else", () => {
  for (
    const text of [
      "",
      "tomorrow",
      "2026-02-30T00:00Z",
      "2026-13-01",
      "2026-12-24T25:00Z",
      "20261224T220000Z",
      "2026-12-24 22:00",
      "2026-12-24T22:00Z[u-ca=gregory]",
      "2026-12-24Z",
      "1790000000000",
    ]
  ) assertEquals(parseDateTime(text), undefined, text);
});

Deno.test("parseDateTime reads whatever toISOString writes", () => {
  fc.assert(fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
    assertEquals(parseDateTime(date.toISOString()), date.getTime());
  }));
});

Deno.test("parseStartTime reads delays and the next time of the day", () => {
  assertEquals(parseStartTime("+90s", NOON), NOON + 90_000);
  assertEquals(parseStartTime("+1.5h", NOON), NOON + 5_400_000);
  assertEquals(parseStartTime("22:00", NOON), new Date(2026, 5, 1, 22).getTime());
  assertEquals(parseStartTime("6:30", NOON), new Date(2026, 5, 2, 6, 30).getTime());
  assertEquals(parseStartTime("12:00", NOON), NOON);
  assertEquals(parseStartTime("2026-12-24T22:00:00Z", NOON), Date.UTC(2026, 11, 24, 22));
  for (const text of ["+2", "-2h", "2h", "25:00", "24:30", "12:60", "+999999999999d"]) {
    assertEquals(parseStartTime(text, NOON), undefined, text);
  }
});

Deno.test("parseTimeOfDay reads seconds, and the end of the day", () => {
  assertEquals(["0:00", "06:30:15", "24:00"].map(parseTimeOfDay), [0, 23_415, 86_400]);
});

Deno.test("parseTimeWindow refuses what is no window", () => {
  assertEquals(parseTimeWindow("22:00-06:00"), { from: 79_200, to: 21_600 });
  assertEquals(parseTimeWindow("08:00 - 24:00"), { from: 28_800, to: 86_400 });
  for (const text of ["", "22:00", "22:00-22:00", "22:00-06:00-07:00", "-06:00", "22-06", "22:00-26:00"]) {
    assertEquals(parseTimeWindow(text), undefined, text);
  }
});

Deno.test("isWithin holds over midnight, and its end is not in it", () => {
  const at = (hour: number, minute = 0, second = 0) => new Date(2026, 5, 1, hour, minute, second).getTime();
  const night = [{ from: 79_200, to: 21_600 }];
  assertEquals([at(21, 59, 59), at(22), at(0), at(5, 59, 59), at(6)].map((now) => isWithin(night, now)), [
    false,
    true,
    true,
    true,
    false,
  ]);
  assert(isWithin([], at(12)));
  assertEquals(nextWithin(night, at(12)), at(22));
  assertEquals(nextWithin(night, at(23)), at(23));
});

Deno.test("nextWithin is the first moment that is within a window", () => {
  const time = fc.integer({ min: 0, max: 86_399 });
  const window = fc.record({ from: time, to: time }).filter(({ from, to }) => from !== to);
  const now = fc.integer({ min: NOON, max: NOON + 300 * 86_400_000 });
  fc.assert(fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), now, (windows, now) => {
    const next = nextWithin(windows, now);
    assert(next >= now && next - now <= 90_000_000);
    assert(isWithin(windows, next));
    if (next > now) assert(!isWithin(windows, next - 1000) && !isWithin(windows, now));
  }));
});

Deno.test("nextTimeOfDay is that time of the day", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 86_399 }), (second) => {
    const date = new Date(nextTimeOfDay(second, NOON));
    assertEquals(date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds(), second);
  }));
});
