import { assertEquals } from "@std/assert";
import { MAX_LOCK_OWNER, SharedLock } from "../../download/shared_lock.ts";
import { CallWorker } from "./fixtures/call_worker.ts";
import type { HostCall, HostReport } from "./fixtures/host_worker.ts";

const ENTRY = new URL("./fixtures/host_worker.ts", import.meta.url);

Deno.test("SharedLock lets one of four Workers write at a time", async () => {
  using stack = new DisposableStack();
  const buffer = new SharedArrayBuffer(8);
  const times = 20_000;
  const workers = Array.from({ length: 4 }, () => stack.use(new CallWorker<HostCall, HostReport>(ENTRY)));
  await Promise.all(workers.map((thread, worker) => thread.call({ type: "count", buffer, worker, times })));
  assertEquals([...new Int32Array(buffer)], [0, 4 * times]);
});

Deno.test("SharedLock is opened for a thread that died with it, and not for another", async () => {
  const buffer = new SharedArrayBuffer(8);
  const cells = new Int32Array(buffer);
  {
    using thread = new CallWorker<HostCall, HostReport>(ENTRY);
    await thread.call({ type: "lock", buffer, worker: 6 });
  }
  const lock = new SharedLock(cells, 0, MAX_LOCK_OWNER);
  const held = cells[0];
  lock.free(8);
  assertEquals(cells[0], held);
  lock.free(7);
  assertEquals(cells[0], 0);
  lock.unlock(lock.lock());
  assertEquals(cells[0], 0);
});

Deno.test("SharedLock is taken over from a thread that died with it when nobody says so", async () => {
  const buffer = new SharedArrayBuffer(8);
  {
    using thread = new CallWorker<HostCall, HostReport>(ENTRY);
    await thread.call({ type: "lock", buffer, worker: 0 });
  }
  const cells = new Int32Array(buffer);
  const dead = cells[0]!;
  const lock = new SharedLock(cells, 0, 2);
  const hold = lock.lock();
  assertEquals(cells[0], hold);
  // Should the other one have been alive after all, it does not open what is not its own any more.
  lock.unlock(dead);
  assertEquals(cells[0], hold);
  lock.unlock(hold);
  assertEquals(cells[0], 0);
});
