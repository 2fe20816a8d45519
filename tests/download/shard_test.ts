import { assert, assertEquals } from "@std/assert";
import { isInShard } from "../../download/shard.ts";

Deno.test("isInShard puts every url into one of the shards, and about as many into each", () => {
  for (const parts of [1, 2, 3, 7, 64]) {
    const counts = new Array<number>(parts).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const url = `https://example.org/files/${String(i).padStart(6, "0")}.bin`;
      const shards = counts.flatMap((_, k) => isInShard(url, { index: k + 1, of: parts }) ? [k] : []);
      assertEquals(shards.length, 1);
      counts[shards[0]!]!++;
    }
    // Five deviations of a fair draw: one of a million fair draws would leave that.
    const mean = 20_000 / parts;
    for (const count of counts) assert(Math.abs(count - mean) < 5 * Math.sqrt(mean), `${parts}: ${counts}`);
  }
});
