import { assertEquals } from "@std/assert";
import { hostKey } from "../../download/host_key.ts";

/** The known answers of 64-bit FNV-1a. */
const KEYS: [text: string, key: bigint][] = [
  ["", 0xcbf29ce484222325n],
  ["a", 0xaf63dc4c8601ec8cn],
  ["foobar", 0x85944171f73967e8n],
];

for (const [text, key] of KEYS) {
  Deno.test(`hostKey of "${text}" is that of FNV-1a`, () => {
    assertEquals(hostKey(text), BigInt.asIntN(64, key));
  });
}

Deno.test("hostKey tells hosts and ports apart, and is never 0", () => {
  const hosts = Array.from({ length: 20_000 }, (_, index) => `host${index % 5000}.example:${80 + index % 4}${index}`);
  const keys = new Set(hosts.map(hostKey));
  assertEquals(keys.size, hosts.length);
  assertEquals(hostKey("77kepQFQ8Kl"), 1n, "the plain hash of this text is 0");
});
