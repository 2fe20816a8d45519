import { assertEquals, assertThrows } from "@std/assert";
import { Broadcast } from "../../base/broadcast.ts";

Deno.test("Broadcast gives every reader every value, in order", async () => {
  const broadcast = new Broadcast<number>(10);
  const readers = [broadcast.subscribe(), broadcast.subscribe()];
  for (const value of [1, 2, 3]) broadcast.publish(value);
  broadcast.close();
  for (const reader of readers) assertEquals(await Array.fromAsync(reader), [1, 2, 3]);
});

Deno.test("Broadcast tells a slow reader how much it missed, and keeps the newest", async () => {
  const broadcast = new Broadcast<number>(2);
  const reader = broadcast.subscribe();
  for (const value of [1, 2, 3, 4, 5]) broadcast.publish(value);
  broadcast.close();
  assertEquals(await Array.fromAsync(reader), [{ type: "lagged", missed: 3 }, 4, 5]);
});

Deno.test("Broadcast ends a subscription by its signal, and by return", async () => {
  const broadcast = new Broadcast<number>(2);
  const abort = new AbortController();
  const reading = Array.fromAsync(broadcast.subscribe({ signal: abort.signal }));
  abort.abort();
  assertEquals(await reading, []);
  const reader = broadcast.subscribe();
  await reader.return?.();
  assertEquals(broadcast.idle, true);
  assertEquals((await reader.next()).done, true);
});

Deno.test("Broadcast refuses a capacity that is no positive integer", () => {
  for (const capacity of [0, -1, 1.5]) assertThrows(() => new Broadcast(capacity), RangeError, `${capacity}`);
});
