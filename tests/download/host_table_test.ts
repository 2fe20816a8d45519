import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HostPlaces } from "../../download/host_places.ts";
import { HostTable, type HostTableOptions } from "../../download/host_table.ts";
import { CallWorker } from "./fixtures/call_worker.ts";
import type { HostCall, HostReport } from "./fixtures/host_worker.ts";

const ENTRY = new URL("./fixtures/host_worker.ts", import.meta.url);
const HOST = "a.example:443";

class HandClock {
  ms = 1_750_000_000_000;
  now(): number {
    return this.ms;
  }
}

function startWorkers(count: number): DisposableStack & { workers: CallWorker<HostCall, HostReport>[] } {
  const stack = new DisposableStack();
  return Object.assign(stack, {
    workers: Array.from({ length: count }, () => stack.use(new CallWorker<HostCall, HostReport>(ENTRY))),
  });
}

interface HammerResult {
  table: HostTable;
  reports: HostReport[];
  /** Connections of each host that are still open, by what the Workers know. */
  open: number[];
  /** The most connections of each host at a time. */
  most: number[];
  /** Connections of each host, by what the table knows. */
  used: number[];
}

async function hammer(options: HostTableOptions, hosts: number, rounds: number, hold: number): Promise<HammerResult> {
  using stack = startWorkers(4);
  const table = HostTable.create(options);
  const seen = new SharedArrayBuffer(8 * hosts);
  const gate = new SharedArrayBuffer(4);
  const call = { type: "hammer", buffer: table.buffer, hosts, rounds, hold, seen, gate, threads: 4 } as const;
  const reports = await Promise.all(stack.workers.map((thread, worker) => thread.call({ ...call, worker })));
  const cells = [...new Int32Array(seen)];
  return {
    table,
    reports,
    open: cells.filter((_, index) => index % 2 === 0),
    most: cells.filter((_, index) => index % 2 === 1),
    used: Array.from({ length: hosts }, (_, host) => table.inUse(`host${host}.example:443`)),
  };
}

for (const hosts of [1, 7, 50]) {
  Deno.test(`HostTable grants four Workers never more than perHost connections to each of ${hosts} hosts`, async () => {
    const { table, reports, open, most, used } = await hammer({ perHost: 3 }, hosts, 20_000, 3 * hosts);
    assertEquals(most, Array(hosts).fill(3));
    assertEquals(open, Array(hosts).fill(0));
    assertEquals(used, Array(hosts).fill(0));
    assert(reports.some(({ capped }) => capped > 0));
    assertEquals(table.overflowed, 0);
  });
}

Deno.test("HostTable keeps to perHost while hosts take each other's places", async () => {
  // At most 20 connections at a time: there is always a host that can be forgotten.
  const { table, reports, most, used } = await hammer({ perHost: 1, places: 32 }, 500, 20_000, 4);
  assertEquals(Math.max(...most), 1);
  assertEquals(used.filter((count) => count > 0), []);
  assertEquals(table.overflowed, 0);
  assert(reports.some(({ capped }) => capped > 0));
});

Deno.test("HostTable that is too small says how often it could not limit, and recovers", async () => {
  const { table, open, used } = await hammer({ perHost: 1, places: 4 }, 50, 5000, 20);
  assert(table.overflowed > 0);
  assertEquals(open, Array(50).fill(0));
  assertEquals(used, Array(50).fill(0));
  assertEquals(["ok", "capped"], [table.tryAcquire(HOST).type, table.tryAcquire(HOST).type]);
});

Deno.test("HostTable goes on at once after a Worker crashed with connections and with the lock", async () => {
  const table = HostTable.create({ perHost: 3 });
  const { buffer } = table;
  {
    using thread = new CallWorker<HostCall, HostReport>(ENTRY);
    await assertRejects(() => thread.call({ type: "crash", buffer, worker: 3, host: HOST }), Error, "a crash");
  }
  // Neither looking nor giving back waits for the lock.
  assertEquals([table.inUse(HOST), table.coolUntil(HOST)], [2, 0]);
  assertEquals(table.releaseAll(3), 2);
  assertEquals(new HostPlaces(buffer).lock[0], 0);
  assertEquals([1, 2, 3, 4].map(() => table.tryAcquire(HOST).type), ["ok", "ok", "ok", "capped"]);
});

Deno.test("HostTable goes on after a while when nobody says that a Worker crashed", async () => {
  const table = HostTable.create({ perHost: 3 });
  {
    using thread = new CallWorker<HostCall, HostReport>(ENTRY);
    const call = { type: "crash", buffer: table.buffer, worker: 3, host: HOST } as const;
    await assertRejects(() => thread.call(call), Error, "a crash");
  }
  assertEquals([1, 2].map(() => table.tryAcquire(HOST).type), ["ok", "capped"]);
});

Deno.test("HostTable.releaseAll gives back what one worker had and nothing else", async () => {
  const table = HostTable.create({ perHost: 5 });
  const { buffer } = table;
  using stack = startWorkers(2);
  const [first, second] = stack.workers;
  for (const host of [HOST, HOST, "b.example:80"]) await first!.call({ type: "acquire", buffer, worker: 0, host });
  await second!.call({ type: "acquire", buffer, worker: 1, host: HOST });
  table.tryAcquire(HOST);
  assertEquals(table.inUse(HOST), 4);
  assertEquals(table.releaseAll(0), 3);
  assertEquals([table.inUse(HOST), table.inUse("b.example:80")], [2, 0]);
  assertEquals(table.releaseAll(0), 0);
  assertEquals(table.releaseAll(1), 1);
  table.release(HOST);
  assertEquals(table.inUse(HOST), 0);
});

Deno.test("HostTable shows a cooling to another Worker as soon as it is there", async () => {
  const table = HostTable.create();
  const { buffer } = table;
  using stack = startWorkers(2);
  const [reader, writer] = stack.workers;
  const flag = new SharedArrayBuffer(4);
  const until = Date.now() + 3_600_000;
  const read = reader!.call({ type: "coolUntil", buffer, worker: 0, host: HOST, flag });
  await writer!.call({ type: "cool", buffer, worker: 1, host: HOST, until });
  Atomics.store(new Int32Array(flag), 0, 1);
  Atomics.notify(new Int32Array(flag), 0);
  assertEquals((await read).until, until);
  assertEquals(table.tryAcquire(HOST), { type: "cooling", until });
  assertEquals(table.tryAcquire("b.example:443"), { type: "ok" });
});

Deno.test("HostTable lets a host cool until the latest time that was named, and no longer", () => {
  for (const options of [{}, { perHost: 3 }, { perHostRate: 5 }]) {
    const clock = new HandClock();
    const table = HostTable.create(options, clock);
    const start = clock.ms;
    table.coolDown(HOST, start - 1);
    assertEquals([table.coolUntil(HOST), table.cooling, table.tryAcquire(HOST).type], [0, false, "ok"]);
    table.coolDown(HOST, start + 2000);
    table.coolDown(HOST, start + 1000);
    assertEquals(table.tryAcquire(HOST), { type: "cooling", until: start + 2000 });
    table.coolDown(HOST, start + 2000.5);
    assertEquals(table.coolUntil(HOST), start + 2001);
    clock.ms = start + 2000;
    assertEquals([table.cooling, table.tryAcquire(HOST).type], [true, "cooling"]);
    clock.ms = start + 2001;
    assertEquals([table.coolUntil(HOST), table.cooling, table.tryAcquire(HOST).type], [0, false, "ok"]);
  }
});

Deno.test("HostTable lets a host cool for as long as it was to when the clock is set back", () => {
  let now = 10_000_000;
  const table = HostTable.create({}, { now: () => now });
  table.coolDown("a", now + 5000);
  now -= 3_600_000;
  table.setBack(3_600_000);
  assertEquals(table.coolUntil("a"), now + 5000);
  assert(table.cooling);
  now += 5000;
  assertEquals([table.coolUntil("a"), table.cooling], [0, false]);
});

Deno.test("HostTable forgets no host that cools, has a connection, or has to wait for its pace", () => {
  const clock = new HandClock();
  const table = HostTable.create({ places: 3, perHost: 1, perHostRate: 1 }, clock);
  const start = clock.ms;
  table.coolDown("cools", start + 60_000);
  table.tryAcquire("used");
  table.tryAcquire("paced");
  table.release("paced");
  assertEquals(table.tryAcquire("other").type, "ok");
  assertEquals(table.tryAcquire("other").type, "ok");
  table.coolDown("other", start + 1000);
  assertEquals([table.overflowed, table.coolUntil("other"), table.inUse("other")], [3, 0, 0]);
  assertEquals(table.tryAcquire("paced").type, "paced");
  // Its next request is due: it makes room, and for one host only.
  clock.ms = start + 1000;
  assertEquals([1, 2].map(() => table.tryAcquire("other").type), ["ok", "paced"]);
  assertEquals([table.overflowed, table.inUse("other")], [3, 1]);
  assertEquals(table.tryAcquire("cools").type, "cooling");
  clock.ms = start + 2000;
  assertEquals(table.tryAcquire("used").type, "capped");
  // The two that nothing counted are given back first.
  table.release("other");
  table.release("other");
  assertEquals(table.inUse("other"), 1);
  table.release("other");
  assertEquals(table.inUse("other"), 0);
});

Deno.test("HostTable gives no place away while its host has a connection", () => {
  const table = HostTable.create({ places: 1, perHost: 2 });
  table.tryAcquire("used");
  table.tryAcquire("other");
  assertEquals([table.inUse("used"), table.inUse("other"), table.overflowed], [1, 0, 1]);
  table.release("used");
  table.tryAcquire("other");
  assertEquals([table.inUse("used"), table.inUse("other"), table.overflowed], [0, 1, 1]);
});

Deno.test("HostTable ignores a release of what nobody took", () => {
  const table = HostTable.create({ perHost: 2 });
  const other = HostTable.attach(table.buffer, 0);
  table.tryAcquire(HOST);
  other.release(HOST);
  other.release("b.example:443");
  assertEquals(table.inUse(HOST), 1);
});

Deno.test("HostTable grants in no stretch of time more requests than the rate, a tenth of a second, and one", () => {
  const rate = fc.oneof(fc.double({ min: 0.01, max: 5, noNaN: true }), fc.double({ min: 5, max: 5000, noNaN: true }));
  const steps = fc.array(fc.record({ who: fc.nat({ max: 1 }), idle: fc.nat({ max: 400 }), follow: fc.boolean() }), {
    maxLength: 80,
  });
  fc.assert(fc.property(rate, steps, (perHostRate, attempts) => {
    const clock = new HandClock();
    const first = HostTable.create({ perHostRate }, clock);
    const all = [first, HostTable.attach(first.buffer, 0, clock)];
    const granted: number[] = [];
    for (const { who, idle, follow } of attempts) {
      const table = all[who]!;
      const grant = table.tryAcquire(HOST);
      if (grant.type === "ok") granted.push(clock.ms);
      else {
        assert(grant.type === "paced" && grant.until > clock.ms);
        if (follow) {
          // Who comes back when told, and is the first, gets it.
          clock.ms = grant.until;
          assertEquals(table.tryAcquire(HOST).type, "ok");
          granted.push(clock.ms);
        }
      }
      clock.ms += idle;
    }
    for (const [from, start] of granted.entries()) {
      for (let to = from; to < granted.length; to++) {
        assert(to - from <= perHostRate * (granted[to]! - start + 100) / 1000 + 1e-6);
      }
    }
  }));
});

Deno.test("HostTable grants no more than that if some have a place and ask again", () => {
  const rate = fc.oneof(fc.double({ min: 0.01, max: 5, noNaN: true }), fc.double({ min: 5, max: 5000, noNaN: true }));
  const steps = fc.array(fc.record({ again: fc.boolean(), idle: fc.nat({ max: 400 }), follow: fc.boolean() }), {
    maxLength: 80,
  });
  fc.assert(fc.property(rate, steps, (perHostRate, attempts) => {
    const clock = new HandClock();
    const table = HostTable.create({ perHostRate }, clock);
    const granted: number[] = [];
    for (const { again, idle, follow } of attempts) {
      const turn = again ? table.tryAgain(HOST) : table.tryAcquire(HOST);
      if (turn.type === "ok") granted.push(clock.ms);
      else if (turn.type === "due") {
        assert(turn.at > clock.ms && turn.at <= clock.ms + 1000 / perHostRate + 2);
        granted.push(turn.at);
      } else {
        assert(turn.type === "paced" && turn.until > clock.ms);
        if (follow) clock.ms = turn.until;
      }
      clock.ms += idle;
    }
    granted.sort((a, b) => a - b);
    for (const [from, start] of granted.entries()) {
      for (let to = from; to < granted.length; to++) {
        // Times are rounded up to milliseconds.
        assert(to - from <= perHostRate * (granted[to]! - start + 101) / 1000 + 1e-6);
      }
    }
  }));
});

Deno.test("HostTable.tryAgain takes the next turn before those that have no place yet, and one ahead at the most", () => {
  const clock = new HandClock();
  const table = HostTable.create({ perHostRate: 1, places: 1 }, clock);
  const start = clock.ms;
  assertEquals(table.tryAcquire(HOST), { type: "ok" });
  assertEquals(table.tryAgain(HOST), { type: "due", at: start + 900 });
  assertEquals(table.tryAgain(HOST), { type: "paced", until: start + 900 });
  clock.ms = start + 900;
  assertEquals(table.tryAcquire(HOST).type, "paced");
  assertEquals(table.tryAgain(HOST), { type: "due", at: start + 1900 });
  // What is spoken for is not forgotten.
  assertEquals([table.tryAcquire("other").type, table.overflowed], ["ok", 1]);
  table.coolDown(HOST, start + 5000);
  assertEquals(table.tryAgain(HOST), { type: "cooling", until: start + 5000 });
  clock.ms = start + 5000;
  assertEquals(table.tryAgain(HOST), { type: "ok" });
});

Deno.test("HostTable.tryAgain waits no longer for a pace than one interval after the clock was set back", () => {
  const clock = new HandClock();
  const table = HostTable.create({ perHostRate: 1 }, clock);
  table.tryAcquire(HOST);
  clock.ms -= 3_600_000;
  assertEquals(table.tryAgain(HOST), { type: "due", at: clock.ms + 1000 });
});

Deno.test("HostTable.tryAgain counts nothing where there is no rate", () => {
  const clock = new HandClock();
  const table = HostTable.create({ perHost: 1 }, clock);
  table.tryAcquire(HOST);
  assertEquals([1, 2, 3].map(() => table.tryAgain(HOST).type), ["ok", "ok", "ok"]);
  table.coolDown(HOST, clock.ms + 10);
  assertEquals(table.tryAgain(HOST), { type: "cooling", until: clock.ms + 10 });
});

Deno.test("HostTable loses no request to callers that come back when they are told", () => {
  for (const perHostRate of [0.5, 3, 70, 999, 20_000]) {
    const clock = new HandClock();
    const table = HostTable.create({ perHostRate }, clock);
    const start = clock.ms;
    let granted = 0;
    while (granted < 20_000 && start + 60_000 > clock.ms) {
      const grant = table.tryAcquire(HOST);
      if (grant.type === "ok") granted++;
      else if (grant.type === "paced") clock.ms = grant.until;
    }
    const expected = perHostRate * (clock.ms - start + 100) / 1000;
    assert(Math.abs(granted - expected) <= 0.02 * expected + 1, `${granted} of ${expected} at ${perHostRate}`);
  }
});

Deno.test("HostTable waits no longer for a pace than one interval after the clock was set back", () => {
  const clock = new HandClock();
  const table = HostTable.create({ perHostRate: 1 }, clock);
  table.tryAcquire(HOST);
  clock.ms -= 3_600_000;
  assertEquals(table.tryAcquire(HOST), { type: "paced", until: clock.ms + 1000 });
});

const REFUSED: [run: () => void, message: string][] = [
  [() => HostTable.create({ places: 0 }), "places must be a whole number from 1 to 1048576: current value is 0"],
  [() => HostTable.create({ perHost: 1.5 }), "perHost must be a whole number from 1 to 1000: current value is 1.5"],
  [
    () => HostTable.create({ perHostRate: 0 }),
    "perHostRate must be a number from 0.001 to 1000000: current value is 0",
  ],
  [() => HostTable.create({ perHostRate: NaN }), "perHostRate must be"],
  [() => HostTable.attach(HostTable.create().buffer, -1), "worker must be a whole number from 0 to 65533"],
  [() => HostTable.create().releaseAll(65_534), "worker must be a whole number from 0 to 65533"],
  [
    () => HostTable.create().coolDown(HOST, Infinity),
    "until must be a time in milliseconds: current value is Infinity",
  ],
];

for (const [run, message] of REFUSED) {
  Deno.test(`HostTable refuses with "${message}"`, () => {
    assertThrows(run, RangeError, `Cannot keep account of hosts as ${message}`);
  });
}
