import { assert, assertEquals } from "@std/assert";
import { SharedCounters } from "../../base/shared_counters.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { AdmissionLimit } from "../../workers/admission_limit.ts";
import { DownloadPool } from "../../workers/download_pool.ts";
import type { WorkerSettlement, WorkerTask } from "../../workers/proc_messages.ts";

const DONE: TaskOutcome = { type: "done", startedAt: 0, facts: { bytes: 1, finalUrl: "http://h/" } };

function setUp(max: number) {
  const running = new Map<number, (outcome: TaskOutcome) => void>();
  const wants: number[] = [];
  const settled: WorkerSettlement[] = [];
  const counters = SharedCounters.create(1);
  const pool = new DownloadPool(
    {
      download: (task) => new Promise((resolve) => running.set(task.seq, resolve)),
      want: (count) => wants.push(count),
      settle: (settlements) => settled.push(...settlements),
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
  return { pool, running, wants, settled, counters, end };
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
