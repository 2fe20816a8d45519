import { assert, assertEquals } from "@std/assert";
import { SharedCounters } from "../../base/shared_counters.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { AdmissionLimit } from "../../workers/admission_limit.ts";
import { DownloadPool } from "../../workers/download_pool.ts";
import { HostTable } from "../../download/host_table.ts";
import { type GateAnswer, type HostGate, SharedHostGate } from "../../workers/host_gate.ts";
import type { WorkerSettlement, WorkerTask } from "../../workers/proc_messages.ts";
import { until } from "../support/until.ts";
import { RunningTasks } from "../../workers/running_tasks.ts";

const DONE: TaskOutcome = { type: "done", startedAt: 0, facts: { bytes: 1, finalUrl: "http://h/" } };

const OPEN: HostGate = { hostOf: () => "", enter: () => ({ type: "open" }), leave: () => {} };

function setUp(max: number, gate: HostGate = OPEN) {
  const running = new Map<number, (outcome: TaskOutcome) => void>();
  const wants: number[] = [];
  const aborted: number[] = [];
  const settled: WorkerSettlement[] = [];
  const parts: string[] = [];
  const counters = SharedCounters.create(1);
  const noted = RunningTasks.create(max);
  const lent = { count: 0 };
  const pool = new DownloadPool(
    {
      download: (task) => new Promise((resolve) => running.set(task.seq, resolve)),
      abort: (seq) => {
        aborted.push(seq);
        running.get(seq)?.({ type: "released" });
      },
      ended: (seq) => aborted.splice(aborted.indexOf(seq), 1),
      dropPart: ({ out }) => parts.push(out),
      want: (count) => wants.push(count),
      lent: () => lent.count++,
      settle: (settlements) => settled.push(...settlements),
      gate,
      running: RunningTasks.attach(noted.buffer),
    },
    new AdmissionLimit({ max, threshold: 90 }, 0),
    counters,
    0,
  );
  const end = async (seq: number, outcome = DONE) => {
    running.get(seq)!(outcome);
    running.delete(seq);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { pool, running, aborted, wants, settled, parts, counters, noted, lent, end };
}

function tasks(from: number, count: number): WorkerTask[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `t${from + i}`,
    seq: from + i,
    url: "http://h/",
    out: `${from + i}`,
    attempts: 0,
    core: 0,
    fence: "1",
  }));
}

Deno.test("DownloadPool asks for what it can start at once, and for no more while files are large", async () => {
  const { pool, running, wants, end } = setUp(64);
  pool.start();
  assertEquals(wants, [4]);
  pool.offer(tasks(1, 4));
  assertEquals(running.size, 4);
  pool.look(50);
  assertEquals(wants, [4, 4]);
  pool.offer(tasks(5, 4));
  assertEquals(running.size, 8);
  for (let seq = 1; seq <= 8; seq++) await end(seq);
  await pool.stop();
});

Deno.test("DownloadPool claims ahead while files are small, and hands back what it cannot start soon", async () => {
  const { pool, running, wants, settled, end } = setUp(4);
  pool.start();
  pool.offer(tasks(1, 100));
  assertEquals(running.size, 4);
  for (let seq = 1; seq <= 60; seq++) await end(seq);
  pool.look(50);
  assert(wants.length > 1 && wants.at(-1)! > 50, `${wants}`);
  // No file ends for a while: most of the queue goes back, the youngest first.
  const before = settled.length;
  pool.look(50);
  const released = settled.slice(before).filter(([, outcome]) => outcome.type === "released");
  assertEquals(released.length, 36 - 2 * 4);
  assertEquals(released.at(-1)?.[0], 100);
  for (const seq of [...running.keys()]) await end(seq);
  while (running.size > 0) for (const seq of [...running.keys()]) await end(seq);
  await pool.stop();
});

Deno.test("DownloadPool gives back what waits behind long downloads, and asks for no more until a place is free", async () => {
  const { pool, running, wants, settled, end } = setUp(8);
  const looks = (load: number, count = 10) => {
    for (let look = 0; look < count; look++) pool.look(load);
  };
  pool.start();
  pool.offer(tasks(1, 3));
  // Others come to the core: of the places for four only one is left, and what was asked for comes all the same.
  looks(100, 30);
  pool.offer(tasks(4, 1));
  assertEquals([...running.keys()], [1, 2, 3]);
  looks(100);
  assertEquals(settled, [[4, { type: "released" }, "1"]]);
  const asked = () => wants.reduce((sum, count) => sum + count, 0);
  assertEquals(asked(), 3);
  looks(100);
  assertEquals([asked(), settled.length], [3, 1]);
  for (let seq = 1; seq <= 3; seq++) await end(seq);
  assertEquals([asked(), running.size], [4, 0]);
  await pool.stop();
});

Deno.test("DownloadPool gives back what it keeps for a full host, too, while long downloads have all places", async () => {
  const { gate } = gateOf(1);
  const { pool, running, settled, end } = setUp(2, gate);
  pool.start();
  pool.offer(["a", "a", "b"].map((host, i) => ({ ...tasks(i + 1, 1)[0]!, url: `http://${host}/` })));
  assertEquals([...running.keys()], [1, 3]);
  for (let look = 0; look < 10; look++) pool.look(50);
  await end(1);
  assertEquals([...running.keys()], [3]);
  await end(3);
  await pool.stop();
  assertEquals(settled.map(([seq, { type }]) => [seq, type]), [[2, "released"], [1, "done"], [3, "done"]]);
});

Deno.test("DownloadPool takes back what it has asked for while it has no place", async () => {
  const { pool, wants, end } = setUp(8);
  pool.start();
  pool.offer(tasks(1, 2));
  assertEquals(wants, [4]);
  for (let look = 0; look < 40; look++) pool.look(100);
  assertEquals(wants, [4, -2]);
  await end(1);
  await end(2);
  assertEquals(wants, [4, -2, 1]);
  await pool.stop();
});

Deno.test("DownloadPool keeps what waits as long as places become free now and then", async () => {
  const { pool, running, settled, end } = setUp(1);
  pool.start();
  pool.offer(tasks(1, 3));
  for (let seq = 1; seq <= 2; seq++) {
    for (let look = 0; look < 9; look++) pool.look(50);
    await end(seq);
  }
  assertEquals([...running.keys()], [3]);
  assertEquals(settled.filter(([, { type }]) => type === "released"), []);
  await end(3);
  await pool.stop();
});

Deno.test("DownloadPool starts every task once, in order, though its queue never runs dry", async () => {
  const { pool, running, end } = setUp(1);
  pool.start();
  pool.offer(tasks(1, 3));
  for (let seq = 1; seq <= 1000; seq++) {
    assertEquals([...running.keys()], [seq]);
    pool.offer(tasks(seq + 3, 1));
    if (seq % 10 === 0) pool.look(50);
    await end(seq);
  }
  const stopping = pool.stop();
  await end(1001);
  await stopping;
});

Deno.test("DownloadPool releases its queue when it stops, waits for what runs, and settles all of it", async () => {
  const { pool, running, settled, counters, end } = setUp(2);
  pool.start();
  pool.offer(tasks(1, 5));
  let stopped = false;
  const stopping = pool.stop().then(() => stopped = true);
  assertEquals(running.size, 2);
  pool.offer(tasks(6, 1));
  await end(1);
  assertEquals(stopped, false);
  await end(2, {
    type: "retry",
    startedAt: 0,
    notBefore: 1,
    error: { kind: "network", message: "", retryable: true, at: 0 },
  });
  await stopping;
  const types = new Map(settled.map(([seq, outcome]) => [seq, outcome.type]));
  assertEquals([1, 2, 3, 4, 5, 6].map((seq) => types.get(seq)), [
    "done",
    "retry",
    "released",
    "released",
    "released",
    "released",
  ]);
  assertEquals([counters.get(0, "done"), counters.get(0, "retried"), counters.get(0, "active")], [1, 1, 0]);
});

/** A gate that lets so many into each host, and says what it is told to of the rest. */
function gateOf(places: number, closed: Map<string, number> = new Map()) {
  const inside = new Map<string, number>();
  const most = new Map<string, number>();
  const gate: HostGate = {
    hostOf: ({ url }) => new URL(url).host,
    enter: (host): GateAnswer => {
      const until = closed.get(host);
      if (until !== undefined) return { type: "closed", until };
      const count = (inside.get(host) ?? 0) + 1;
      if (count > places) return { type: "full" };
      inside.set(host, count);
      most.set(host, Math.max(most.get(host) ?? 0, count));
      return { type: "open" };
    },
    leave: (host) => inside.set(host, inside.get(host)! - 1),
  };
  return { gate, inside, most };
}

function tasksOf(host: string, from: number, count: number): WorkerTask[] {
  return tasks(from, count).map((task) => ({ ...task, url: `http://${host}/${task.seq}` }));
}

Deno.test("DownloadPool gives back what a closed host would hold up, and starts the others", async () => {
  const { gate } = gateOf(100, new Map([["cold", 7000]]));
  const { pool, running, settled, wants, end } = setUp(4, gate);
  pool.start();
  pool.offer([...tasksOf("cold", 1, 60), ...tasksOf("warm", 61, 2)]);
  assertEquals([...running.keys()], [61, 62]);
  await end(61);
  await end(62);
  pool.look(50);
  const deferred = settled.filter(([, outcome]) => outcome.type === "deferred");
  assertEquals(deferred.length, 60);
  assert(deferred.every(([, outcome]) => outcome.type === "deferred" && outcome.notBefore === 7000));
  // More of the same is looked past in large steps, but not for ever at once.
  const before = wants.length;
  for (let i = 0; i < 5; i++) pool.offer(tasksOf("cold", 100 + 500 * i, 500));
  assertEquals(wants.length, before + 2);
  assertEquals(wants.at(-1), 500);
  pool.look(50);
  assert(wants.length > before + 2);
  await pool.stop();
});

Deno.test("DownloadPool keeps some tasks of a full host at hand, starts one when one ends, and gives the rest back", async () => {
  const { gate, inside, most } = gateOf(2);
  const { pool, running, settled, end } = setUp(64, gate);
  pool.start();
  for (let look = 0; look < 10; look++) pool.look(10);
  pool.offer([...tasksOf("slow", 1, 100), ...tasksOf("other", 101, 2)]);
  assertEquals([...running.keys()], [1, 2, 101, 102]);
  for (let seq = 1; seq <= 66; seq++) await end(seq);
  await end(101);
  await end(102);
  pool.look(10);
  assertEquals([inside.get("slow"), most.get("slow")], [0, 2]);
  const types = (type: string) => settled.filter(([, outcome]) => outcome.type === type).length;
  assertEquals([types("done"), types("deferred")], [68, 34]);
  await pool.stop();
});

Deno.test("DownloadPool keeps tasks of each full host, however many of others it has at hand", async () => {
  const { gate, most } = gateOf(1);
  const { pool, running, settled, end } = setUp(64, gate);
  pool.start();
  for (let host = 0; host < 30; host++) {
    pool.offer(tasksOf(`slow${host}`, 1000 + 40 * host, 1));
    pool.look(10);
  }
  for (let host = 0; host < 30; host++) pool.offer(tasksOf(`slow${host}`, 1001 + 40 * host, 39));
  assertEquals(running.size, 30);
  pool.offer(tasksOf("quick", 1, 30));
  for (let seq = 1; seq <= 30; seq++) {
    assert(running.has(seq), `${seq}`);
    await end(seq);
  }
  assertEquals(most.get("quick"), 1);
  pool.look(10);
  const slow = settled.filter(([seq]) => seq >= 1000).map(([, { type }]) => type);
  assertEquals(new Set(slow), new Set(["deferred"]));
  // Of the others it gives back the fewest that it can, and of all of them alike.
  const hosts = settled.filter(([seq]) => seq >= 1000).map(([seq]) => Math.floor((seq - 1000) / 40));
  const back = Array.from({ length: 30 }, (_, host) => hosts.filter((each) => each === host).length);
  assertEquals(slow.length, 30 * 39 - 1000 + 29);
  assert(Math.max(...back) - Math.min(...back) <= 1, `${back}`);
  const stopping = pool.stop();
  for (const seq of [...running.keys()]) await end(seq);
  await stopping;
});

Deno.test("DownloadPool releases what it keeps for a full host when it stops", async () => {
  const { gate, inside } = gateOf(1);
  const { pool, settled, end } = setUp(8, gate);
  pool.start();
  pool.offer(tasksOf("slow", 1, 5));
  const stopping = pool.stop();
  await end(1);
  await stopping;
  assertEquals(settled.map(([seq, outcome]) => `${seq} ${outcome.type}`).sort(), [
    "1 done",
    "2 released",
    "3 released",
    "4 released",
    "5 released",
  ]);
  assertEquals(inside.get("slow"), 0);
});

Deno.test("DownloadPool starts nothing and keeps nothing while it is held, and goes on after that", async () => {
  const { pool, running, settled, wants, end } = setUp(8);
  pool.start(true);
  assertEquals(wants, []);
  pool.look(10, true);
  assertEquals(wants, []);
  pool.look(10);
  pool.offer(tasks(1, 12));
  const started = running.size;
  assert(started > 0 && started < 12);
  pool.look(10, true);
  assertEquals(settled.filter(([, { type }]) => type === "released").length, 12 - started);
  await end(1);
  assertEquals(running.size, started - 1);
  const before = wants.length;
  pool.look(10);
  assert(wants.length > before);
  for (const seq of [...running.keys()]) await end(seq);
  await pool.stop();
});

Deno.test("DownloadPool lets go of tasks wherever they are, and settles none of them", async () => {
  const { gate, inside } = gateOf(1);
  const { pool, running, aborted, settled, end } = setUp(4, gate);
  pool.start();
  pool.offer([...tasksOf("one", 1, 3), ...tasksOf("two", 4, 1), ...tasksOf("three", 5, 1), ...tasksOf("four", 6, 3)]);
  assertEquals([...running.keys()], [1, 4, 5, 6]);
  // One that runs, one that is kept for its host, one that is queued, and one that nobody knows.
  pool.drop([4, 2, 8, 99]);
  assertEquals(aborted, [4]);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([aborted, inside.get("two")], [[], 0]);
  running.delete(4);
  // It comes back, and runs like any other.
  pool.offer(tasksOf("two", 4, 1));
  assert(running.has(4));
  for (let round = 0; round < 3; round++) for (const seq of [...running.keys()]) await end(seq);
  await pool.stop();
  assertEquals(
    settled.map(([seq, { type }]) => `${seq} ${type}`).sort(),
    [1, 3, 4, 5, 6, 7].map((seq) => `${seq} done`),
  );
});

Deno.test("DownloadPool defers a task that has come back before its download has ended", async () => {
  const { pool, running, settled, parts } = setUp(4);
  pool.start();
  pool.offer(tasks(1, 1));
  const late = running.get(1)!;
  running.delete(1);
  const part = (seq: number) => ({ seq, out: `${seq}`, url: "http://h/" });
  // What nobody runs is removed at once, and what is still written when that has ended.
  pool.drop([1, 2], [part(1), part(2)]);
  assertEquals(parts, ["2"]);
  pool.offer(tasks(1, 1));
  late({ type: "released" });
  await pool.stop();
  assertEquals(parts, ["2", "1"]);
  assertEquals(settled.map(([seq, { type }]) => `${seq} ${type}`), ["1 deferred"]);
});

Deno.test("DownloadPool says of each outcome by which claim it came about, though the task was claimed again since", async () => {
  const { pool, settled, end } = setUp(4);
  pool.start();
  pool.offer(tasks(1, 2));
  // Beside the other one, its outcome waits for company.
  await end(1);
  assertEquals(settled, []);
  pool.drop([1]);
  pool.offer(tasks(1, 1).map((task) => ({ ...task, fence: "2" })));
  await end(1);
  await end(2);
  await pool.stop();
  assertEquals(settled.map(([seq, { type }, fence]) => `${seq} ${type} ${fence}`), [
    "1 done 1",
    "1 done 2",
    "2 done 1",
  ]);
});

Deno.test("DownloadPool notes what runs, and not what waits", async () => {
  const { pool, noted, end } = setUp(4);
  pool.start();
  pool.offer(tasks(1, 10));
  assertEquals(noted.read(), new Set([1, 2, 3, 4]));
  await end(2);
  assertEquals(noted.read(), new Set([1, 3, 4, 5]));
  const stopped = pool.stop();
  for (const seq of [1, 3, 4, 5]) await end(seq);
  await stopped;
  assertEquals(noted.read(), new Set());
});

/** A gate by the real table, of which this is the only worker. */
function autoGate() {
  const table = HostTable.create({ perHost: "auto" });
  const hosts = HostTable.attach(table.buffer, 0);
  return { gate: new SharedHostGate(hosts, true, 3_600_000), hosts };
}

/** Lets a pool have as many places as it may. */
function widen(pool: DownloadPool): void {
  for (let look = 0; look < 10; look++) pool.look(10);
}

Deno.test("DownloadPool lets three quarters of its places wait for first answers, and the others go to hosts that have answered", async () => {
  const { gate, hosts } = autoGate();
  const { pool, running, end } = setUp(16, gate);
  pool.start();
  pool.offer(Array.from({ length: 40 }, (_, i) => tasksOf(`silent${i}.example`, 1 + 20 * i, 20)).flat());
  widen(pool);
  const seqs = () => [...running.keys()];
  assertEquals(seqs(), Array.from({ length: 12 }, (_, i) => 1 + 20 * i), "one task of each host");
  pool.offer(tasksOf("good.example", 1001, 30));
  assertEquals(running.size, 12);
  // One of the silent ones fails; those that were never asked come next.
  hosts.answers!.silent("silent0.example");
  hosts.coolDown("silent0.example", Date.now() + 3_600_000);
  await end(1, { type: "released" });
  assertEquals(seqs().at(-1), 241);
  // The good one gets its turn, answers, and has the rest of the places at once.
  const asked = () => seqs().some((seq) => seq > 1000);
  while (!asked()) await end(seqs()[0]!, { type: "released" });
  hosts.answers!.answered("good.example");
  await end(seqs().find((seq) => seq > 1000)!);
  assertEquals(seqs().filter((seq) => seq > 1000).length, 5);
  assertEquals(running.size, 16);
  const stopping = pool.stop();
  for (const seq of seqs()) await end(seq, { type: "released" });
  await stopping;
});

Deno.test("DownloadPool asks hosts that were silent after those that were never asked", async () => {
  const { gate, hosts } = autoGate();
  const { pool, running, end } = setUp(4, gate);
  pool.start();
  const host = (i: number) => tasksOf(`h${i}.example`, 10 * i, 2);
  pool.offer([1, 2, 3, 4, 5].flatMap(host));
  assertEquals([...running.keys()], [10, 20, 30]);
  // It may be asked again at once, but two others wait.
  hosts.answers!.silent("h1.example");
  await end(10, { type: "released" });
  assertEquals([...running.keys()], [20, 30, 40]);
  await end(20, { type: "released" });
  assertEquals([...running.keys()], [30, 40, 50]);
  await end(30, { type: "released" });
  assertEquals([...running.keys()], [40, 50, 21], "the second task of one that has not been silent");
  await end(40, { type: "released" });
  assertEquals([...running.keys()], [50, 21, 31]);
  await end(21, { type: "released" });
  assertEquals([...running.keys()], [50, 31, 41]);
  await end(50, { type: "released" });
  assertEquals([...running.keys()], [31, 41, 51]);
  await end(31, { type: "released" });
  assertEquals([...running.keys()], [41, 51, 11]);
  for (const seq of [41, 51]) await end(seq, { type: "released" });
  await end(11, { type: "released" });
  await pool.stop();
});

Deno.test("DownloadPool starts what waits for a host when another thread has had its first answer", async () => {
  const { gate, hosts } = autoGate();
  const { pool, running, end } = setUp(8, gate);
  const other = HostTable.attach(hosts.buffer, 0);
  assertEquals(other.tryAcquire("far.example"), { type: "ok" });
  pool.start();
  pool.offer(tasksOf("far.example", 1, 3));
  assertEquals(running.size, 0);
  other.answers!.answered("far.example");
  await until("the tasks", () => running.size === 3);
  for (const seq of [1, 2, 3]) await end(seq);
  await pool.stop();
});

Deno.test("DownloadPool fails the tasks at hand of a host that is given up", async () => {
  const { gate, hosts } = autoGate();
  const { pool, running, end } = setUp(8, gate);
  pool.start();
  pool.offer(tasksOf("dead.example", 1, 5));
  assertEquals([...running.keys()], [1]);
  hosts.answers!.silent("dead.example");
  hosts.answers!.giveUp("dead.example", Date.now() + 60_000);
  await end(1, { type: "released" });
  assertEquals([...running.keys()], [2, 3, 4, 5], "nobody waits for it: they begin, and fail before they ask");
  for (const seq of [2, 3, 4, 5]) await end(seq);
  await pool.stop();
});

Deno.test("DownloadPool looks for other hosts at once only where the first answer does not come in a moment", async () => {
  const { gate } = autoGate();
  const { pool, wants, end } = setUp(8, gate);
  pool.start();
  pool.offer(tasksOf("far.example", 1, 4));
  pool.look(10);
  assertEquals(wants, [4], "what is at hand is enough until it has answered");
  await until("a look further", () => {
    pool.look(10);
    return wants.length > 1;
  });
  const stopping = pool.stop();
  await end(1, { type: "released" });
  await stopping;
});

Deno.test("DownloadPool gives no place to hosts whose names are being looked up", async () => {
  const table = HostTable.create({ perHost: "auto" });
  const names = { prepare: (name: string) => !name.startsWith("dead"), ended: 0 };
  const { pool, running, end } = setUp(8, new SharedHostGate(table, true, 3_600_000, names));
  pool.start();
  pool.offer([
    ...Array.from({ length: 30 }, (_, i) => tasksOf(`dead${i}.example`, 1 + 10 * i, 2)).flat(),
    ...tasksOf("good.example", 1001, 1),
  ]);
  assertEquals([...running.keys()], [1001]);
  names.prepare = () => true;
  names.ended++;
  await until("the others", () => running.size > 1);
  assertEquals([...running.keys()], [1001, 1, 11]);
  const stopping = pool.stop();
  for (const seq of [...running.keys()]) await end(seq, { type: "released" });
  await stopping;
});

Deno.test("DownloadPool lends a place as soon as one is free, does without it, and has it again", async () => {
  const { pool, running, lent, end } = setUp(2);
  pool.start();
  pool.offer(tasks(1, 6));
  assertEquals([...running.keys()], [1, 2]);
  pool.lend(true);
  assertEquals(lent.count, 0, "both are taken");
  await end(1);
  assertEquals([lent.count, [...running.keys()]], [1, [2]]);
  await end(2);
  assertEquals([lent.count, [...running.keys()]], [1, [3]]);
  pool.lend(false);
  assertEquals([...running.keys()], [3, 4]);
  for (const seq of [3, 4, 5, 6]) await end(seq);
  pool.lend(true);
  assertEquals(lent.count, 2, "nothing runs");
  await pool.stop();
});
