import TinyQueue from "tinyqueue";
import type { ServerCosts } from "./server_costs.ts";

/** A fleet to simulate. */
export interface FleetPlan {
  /** How many machines share the list. */
  machines: number;
  /** How many files a second one machine can fetch at the most. */
  speed: number;
  /** How long one download takes, on average, in milliseconds; the times are spread exponentially. */
  downloadMs: number;
  /** What the server's calls cost. */
  costs: ServerCosts;
  /** How long a call is on the way, there and back, in milliseconds. Default 0.5. */
  networkMs?: number;
  /** For how long to simulate, in milliseconds. Default 5,000 and ten downloads, of which the first half does not count. */
  forMs?: number;
}

/** What came of it. */
export interface FleetOutcome {
  /** Files a second of all machines. */
  filesPerSecond: number;
  /** How much of its time the server was busy, from 0 to 1. */
  busy: number;
  /** How long a call of theirs took on average, in milliseconds. */
  callMs: number;
}

/** As in `app/task_feeder.ts` and `app/lease_keeper.ts`. */
const CLAIM_AT_ONCE = 500;
const SETTLE_AT_ONCE = 500;
const SETTLE_BATCH = 200;
const SETTLE_WITHIN_MS = 40;
const OBEY_MS = 250;
const HEARTBEAT_MS = 2000;

interface Event {
  at: number;
  run: () => void;
}

/** One machine: what it holds and what it waits for. */
interface Machine {
  /** Tasks that it has claimed and not begun. */
  ready: number;
  running: number;
  /** Tasks that have ended and are not settled. */
  ended: number;
  claiming: boolean;
  settling: boolean;
  timer: boolean;
  /** When its processor is free for the next file. */
  free: number;
}

/**
 * Simulates machines that share a list on one Redis, event by event: each keeps its downloads going, claims as it runs dry,
 * and settles in batches, with the numbers of the real feeder; the server does one call after the other, each for as long as
 * it was measured to take.
 */
export function simulateFleet(
  { machines, speed, downloadMs, costs, networkMs = 0.5, ...more }: FleetPlan,
): FleetOutcome {
  const events = new TinyQueue<Event>([], (a, b) => a.at - b.at);
  const forMs = more.forMs ?? 5000 + 10 * downloadMs;
  const from = forMs / 2;
  let now = 0;
  let serverFree = 0;
  let served = 0;
  let calls = 0;
  let waited = 0;
  let done = 0;
  const at = (time: number, run: () => void) => void events.push({ at: time, run });
  const call = (us: number, answered: () => void) => {
    const sent = now;
    const start = Math.max(serverFree, sent + networkMs / 2);
    serverFree = start + us / 1000;
    const end = serverFree + networkMs / 2;
    served += Math.max(0, Math.min(serverFree, forMs) - Math.max(start, from));
    if (sent >= from) {
      calls++;
      waited += end - sent;
    }
    at(end, answered);
  };
  // As many at a time as its speed needs, and a third more.
  const places = Math.ceil(speed * downloadMs / 1000 * 1.3) + 8;
  const fleet = Array.from({ length: machines }, (): Machine => ({
    ...{ ready: 0, running: 0, ended: 0, free: 0 },
    ...{ claiming: false, settling: false, timer: false },
  }));
  const step = (machine: Machine) => {
    while (machine.ready > 0 && machine.running < places) {
      machine.ready--;
      machine.running++;
      machine.free = Math.max(now, machine.free) + 1000 / speed;
      at(machine.free - Math.log(1 - Math.random()) * downloadMs, () => {
        machine.running--;
        machine.ended++;
        settle(machine);
        step(machine);
      });
    }
    const wanted = Math.min(CLAIM_AT_ONCE, 2 * places - machine.ready - machine.running);
    if (machine.claiming || wanted < Math.min(CLAIM_AT_ONCE, places) / 4) return;
    machine.claiming = true;
    call(costs.claim.call + wanted * costs.claim.task, () => {
      machine.claiming = false;
      machine.ready += wanted;
      step(machine);
    });
  };
  const settle = (machine: Machine) => {
    if (machine.settling || machine.ended === 0) return;
    if (machine.ended >= SETTLE_BATCH) settleNow(machine);
    else if (!machine.timer) {
      machine.timer = true;
      at(now + SETTLE_WITHIN_MS, () => {
        machine.timer = false;
        settleNow(machine);
      });
    }
  };
  const settleNow = (machine: Machine) => {
    if (machine.settling || machine.ended === 0) return;
    const count = Math.min(SETTLE_AT_ONCE, machine.ended);
    machine.ended -= count;
    machine.settling = true;
    call(costs.settle.call + count * costs.settle.task, () => {
      machine.settling = false;
      if (now >= from) done += count;
      settle(machine);
    });
  };
  const every = (ms: number, us: number) => {
    call(us, () => {});
    at(now + ms, () => every(ms, us));
  };
  for (const machine of fleet) {
    // They do not all begin at once.
    at(Math.random() * 250, () => {
      step(machine);
      every(OBEY_MS, costs.orders);
      every(HEARTBEAT_MS, costs.heartbeat);
    });
  }
  for (let event = events.pop(); event !== undefined && event.at < forMs; event = events.pop()) {
    now = event.at;
    event.run();
  }
  const seconds = (forMs - from) / 1000;
  return {
    filesPerSecond: done / seconds,
    busy: Math.min(1, served / 1000 / seconds),
    callMs: waited / Math.max(1, calls),
  };
}
