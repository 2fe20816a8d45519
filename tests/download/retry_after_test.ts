import { assertEquals } from "@std/assert";
import { retryAfter } from "../../download/retry_after.ts";

Deno.test("retryAfter reads seconds and dates, and nothing else", () => {
  const date = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  assertEquals(retryAfter("120", 1000), 121_000);
  assertEquals(retryAfter(" 0 ", 1000), 1000);
  assertEquals(retryAfter("Wed, 21 Oct 2026 07:28:00 GMT", 0), date);
  for (const value of [null, "", "soon", "-1", "1.5", "2026-10-21", "1e3"]) {
    assertEquals(retryAfter(value, 0), undefined);
  }
});
