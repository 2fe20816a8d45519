import { assertEquals } from "@std/assert";
import { SharedCounters } from "../../base/shared_counters.ts";

Deno.test("SharedCounters are seen by whoever attaches to the same memory", () => {
  const ours = SharedCounters.create(2);
  const theirs = SharedCounters.attach(ours.buffer);
  theirs.add(1, "bytes", 5_000_000_000_000);
  theirs.add(1, "bytes", 1);
  theirs.set(0, "load", 41.6);
  assertEquals(ours.workers, 2);
  assertEquals(ours.get(1, "bytes"), 5_000_000_000_001);
  assertEquals(ours.get(0, "bytes"), 0);
  assertEquals(ours.total("bytes"), 5_000_000_000_001);
  assertEquals(ours.get(0, "load"), 42);
});
