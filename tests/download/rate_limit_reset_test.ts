import { assertEquals } from "@std/assert";
import { rateLimitReset } from "../../download/rate_limit_reset.ts";

const NOW = Date.UTC(2026, 0);

function seconds(status: number, fields: Record<string, string>): number | undefined {
  const at = rateLimitReset(status, new Headers(fields), NOW);
  return at === undefined ? undefined : (at - NOW) / 1000;
}

Deno.test("rateLimitReset reads RateLimit as the drafts of it have it, old and new", () => {
  const cases: [field: string, expected: number | undefined][] = [
    ['"api|pages|resolvers";r=0;t=37', 37],
    ["default;r=0;t=37", 37],
    ["limit=10, remaining=0, reset=37", 37],
    ["limit=10, reset=37", 37],
    ['"a";t=37', 37],
    ['"a";r=0;t=1.5', 2],
    // The one that is used up is the one to wait for.
    ['"burst";r=0;t=5, "daily";r=900;t=40000', 5],
    ['"burst";r=0;t=5, "daily";r=0;t=400', 400],
    ['"burst";r=1;t=5, "daily";r=900;t=400', 400],
    ['"a";r=0', undefined],
    ["limit=10", undefined],
    ['"a";r=0;t=x', undefined],
    ["", undefined],
    ["?;;", undefined],
  ];
  for (const [field, expected] of cases) assertEquals(seconds(429, { RateLimit: field }), expected, field);
});

Deno.test("rateLimitReset reads RateLimit-Reset and X-RateLimit-Reset: seconds, or a time since the epoch", () => {
  for (const name of ["RateLimit-Reset", "X-RateLimit-Reset"]) {
    assertEquals(seconds(429, { [name]: "37" }), 37);
    assertEquals(seconds(503, { [name]: "1.2, 36.5" }), 37);
    assertEquals(seconds(429, { [name]: String(NOW / 1000 + 37) }), 37);
    assertEquals(seconds(503, { [name]: String(NOW + 37_000) }), 37);
    assertEquals(seconds(429, { [name]: "soon" }), undefined);
  }
});

Deno.test("rateLimitReset takes the first field that can be read", () => {
  const others = { "RateLimit-Reset": "2", "X-RateLimit-Reset": "3" };
  assertEquals(seconds(429, { ...others, RateLimit: '"a";r=0;t=1' }), 1);
  assertEquals(seconds(429, { ...others, RateLimit: '"a";r=0' }), 2);
  assertEquals(seconds(429, { ...others, "RateLimit-Reset": "?" }), 3);
});

Deno.test("rateLimitReset blames no 503 on a limit that is not used up", () => {
  assertEquals(seconds(503, { RateLimit: '"a";r=9;t=37' }), undefined);
  assertEquals(seconds(503, { RateLimit: '"a";r=0;t=37' }), 37);
  assertEquals(seconds(503, { "X-RateLimit-Reset": "37", "X-RateLimit-Remaining": "4999" }), undefined);
  assertEquals(seconds(503, { "X-RateLimit-Reset": "37", "X-RateLimit-Remaining": "0" }), 37);
  assertEquals(seconds(429, { "X-RateLimit-Reset": "37", "X-RateLimit-Remaining": "4999" }), 37);
  assertEquals(seconds(503, { "RateLimit-Reset": "37", "RateLimit-Remaining": "1" }), undefined);
});

Deno.test("rateLimitReset looks at the fields of 429 and 503 only", () => {
  for (const status of [200, 403, 408, 500]) assertEquals(seconds(status, { "X-RateLimit-Reset": "37" }), undefined);
});
