/**
 * How many tasks a second the list can hand out and settle: `deno task bench:queue`. Four claimers contend for one list, as
 * four workers of a process do; an iteration is 2,000 tasks on a list that holds as many waiting tasks as the name says.
 * The time of an iteration / 2,000 is that of a claim and its settlement.
 *
 * @module
 */
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";

const CLAIMERS = 4;
const PAIRS = 2000;
const AT_ONCE = 100;
const DONE: TaskOutcome = { type: "done", startedAt: 1, facts: { bytes: 1, finalUrl: "http://h.example/" } };

async function openFilled(tasks: number): Promise<{ list: TaskKvList; path: string }> {
  const folder = await Deno.makeTempDir({ dir: await isFolder("/dev/shm") ? "/dev/shm" : "/tmp" });
  const list = await TaskKvList.open(`${folder}/queue.db`);
  await list.register({ owner: "o", host: "h", bootId: "b", pid: 1, startTime: "1", cores: [0, 1, 2, 3] });
  for (let from = 0; from < tasks; from += 5000) {
    await list.add(Array.from({ length: Math.min(5000, tasks - from) }, (_, i) => ({
      url: `http://host${i % 7}.example/files/${from + i}.bin`,
      out: `files/${from + i}.bin`,
    })));
  }
  return { list, path: folder };
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

async function work(list: TaskKvList, index: number, pairs: number): Promise<void> {
  for (let left = pairs; left > 0;) {
    const request = { owner: "o", core: index, limit: Math.min(AT_ONCE, left), worker: { index, of: CLAIMERS } };
    const tasks = await list.claim(request);
    if (tasks.length === 0) throw new Error("The list is empty: it must hold enough for all iterations");
    await list.settle(tasks.map((task) => ({ task, outcome: DONE })));
    left -= tasks.length;
  }
}

for (const tasks of [50_000, 500_000]) {
  const { list, path } = await openFilled(tasks);
  Deno.bench({
    name: `claim and settle ${PAIRS} of ${tasks} tasks, ${CLAIMERS} claimers`,
    group: "queue",
    n: 10,
    warmup: 2,
    async fn() {
      await Promise.all(Array.from({ length: CLAIMERS }, (_, index) => work(list, index, PAIRS / CLAIMERS)));
    },
  });
  addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
}
