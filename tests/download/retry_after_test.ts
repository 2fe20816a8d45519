import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { retryAfter } from "../../download/retry_after.ts";

const DATE = Date.UTC(2026, 9, 21, 7, 28);

Deno.test("retryAfter reads seconds, and takes a part of one for a whole one", () => {
  for (
    const [value, seconds] of [["120", 120], [" 0 ", 0], ["1.5", 2], ["0.2", 1], [".5", 1], ["3.0", 3], ["+3", 3], [
      "+0.1",
      1,
    ]] as const
  ) assertEquals(retryAfter(value, 1000), 1000 + seconds * 1000, value);
});

Deno.test("retryAfter reads dates of HTTP and of ISO 8601, those without a zone in UTC", () => {
  for (
    const value of [
      "Wed, 21 Oct 2026 07:28:00 GMT",
      "Wednesday, 21-Oct-26 07:28:00 GMT",
      "Wed Oct 21 07:28:00 2026",
      "2026-10-21T07:28:00Z",
      "2026-10-21T09:28:00.000+02:00",
      "2026-10-21T07:28:00",
      "2026-10-21 07:28:00",
      "2026-10-21T07:28",
    ]
  ) assertEquals(retryAfter(value, Date.UTC(2026, 0)), DATE, value);
  assertEquals(retryAfter("2026-10-21", 0), Date.UTC(2026, 9, 21));
});

Deno.test("retryAfter takes the largest of a list, and what of it can be read", () => {
  assertEquals(retryAfter("3, 10", 0), 10_000);
  assertEquals(retryAfter("10,3,", 0), 10_000);
  assertEquals(retryAfter("soon, 3", 0), 3000);
  const dates = "Wed, 21 Oct 2026 07:28:00 GMT, Tue, 20 Oct 2026 07:28:00 GMT";
  assertEquals(retryAfter(`120, ${dates}`, 0), DATE);
  assertEquals(retryAfter(dates, 0), DATE);
  assertEquals(retryAfter(`${dates}, 3`, DATE), DATE + 3000);
  assertEquals(retryAfter("Wednesday, 21-Oct-26 07:28:00 GMT, 3", Date.UTC(2026, 0)), DATE);
});

Deno.test("retryAfter takes what is too large for a wait in seconds for a time since the epoch", () => {
  assertEquals(retryAfter("1000000000", 5000), 5000 + 1e12);
  assertEquals(retryAfter(String(DATE / 1000), 5000), DATE);
  assertEquals(retryAfter(String(DATE), 5000), DATE);
  for (const value of ["9".repeat(15), "9".repeat(30), "9".repeat(500)]) assertEquals(retryAfter(value, 0), undefined);
});

Deno.test("retryAfter takes nothing else", () => {
  for (const value of [null, "", ",", "soon", "-1", "1e3", "0x10", "1 2", "++1", ".", "2026-13-01", "10s"]) {
    assertEquals(retryAfter(value, 0), undefined, String(value));
  }
});

Deno.test("retryAfter gives a time that can be shown, whatever it reads", () => {
  const part = fc.oneof(fc.string(), fc.nat().map(String), fc.bigInt({ min: 0n }).map(String), fc.constant(","));
  fc.assert(fc.property(fc.array(part), (parts) => {
    const at = retryAfter(parts.join(""), Date.UTC(2026, 0));
    if (at !== undefined) new Date(at).toISOString();
  }));
});
