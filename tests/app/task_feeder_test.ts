import { assert, assertEquals } from "@std/assert";
import { ClaimGate } from "../../app/claim_gate.ts";
import { TaskFeeder } from "../../app/task_feeder.ts";
import { HostTable } from "../../download/host_table.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { TaskSharedList } from "../../queue/task_shared_list.ts";
import type { RenameAnswer, WorkerTask } from "../../workers/proc_messages.ts";
import { byTurns } from "../queue/by_turns.ts";
import { DONE, drafts, ownerInfo } from "../queue/contract_kit.ts";
import { until } from "../support/until.ts";

/** A feeder for two workers that do nothing, over a real list. */
async function setUp(list: TaskSharedList) {
  const given: WorkerTask[][] = [[], []];
  const answers: [worker: number, answer: RenameAnswer][] = [];
  const settled: [id: string, out: string, type: string, stale: boolean][] = [];
  await list.register(ownerInfo("o"));
  const feeder = new TaskFeeder({
    list,
    owner: "o",
    cores: [1, 2],
    gate: new ClaimGate({ table: HostTable.create(), perHost: 0, perHostRate: 0, concurrency: 2 }),
    give: (worker, tasks) => given[worker]!.push(...tasks),
    renamed: (worker, batch) => answers.push(...batch.map((answer) => [worker, answer] as [number, RenameAnswer])),
    settled: ({ id, out }, { type }, stale) => settled.push([id, out, type, stale]),
    failed: (error) => {
      throw error;
    },
  });
  return { feeder, given, answers, settled };
}

Deno.test("TaskFeeder gets names for workers, and settles their tasks under them", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.add([...drafts(3), { url: "http://h/x", out: "mine", named: true }]);
  const { feeder, given, answers, settled } = await setUp(list);
  feeder.start();
  feeder.want(0, 2);
  feeder.want(1, 2);
  await until("the tasks", () => given[0]!.length === 2 && given[1]!.length === 2);
  const tasks = given.flat();
  assertEquals(tasks.filter((task) => task.named === true).map((task) => task.out), ["mine"]);
  for (const [worker, ofWorker] of given.entries()) {
    for (const { seq, fence } of ofWorker) feeder.rename(worker, [[seq, fence, "same", `same.${seq}`]]);
  }
  await until("the answers", () => answers.length === 4);
  const paths = new Map(answers.map(([, [seq, , out]]) => [seq, out]));
  const open = tasks.filter((task) => task.named !== true).map(({ seq }) => seq);
  assertEquals(open.map((seq) => paths.get(seq)), open.map((seq, i) => i === 0 ? "same" : `same.${seq}`));
  assertEquals(paths.get(tasks.find((task) => task.named === true)!.seq), "mine");
  for (const [worker, [seq]] of answers) assert(given[worker]!.some((task) => task.seq === seq), "each worker its own");
  for (const [worker, ofWorker] of given.entries()) feeder.settle(worker, ofWorker.map(({ seq }) => [seq, DONE]));
  await feeder.stop();
  await feeder.drained();
  assertEquals(settled.map(([, out]) => out).sort(), [...paths.values()].sort());
  const shown = (await list.list()).tasks.map(({ out, status }) => [out, status]);
  assertEquals(shown.sort(), [...paths.values()].sort().map((out) => [out, "done"]));
});

Deno.test("TaskFeeder gives no name to a worker whose claim is over, and loses none by its death", async () => {
  await using list = byTurns([await TaskKvList.open(":memory:")]);
  await list.add(drafts(2));
  const { rename } = list;
  list.rename = async (requests) => {
    const results = await rename(requests);
    // It dies when the list has the name, and before it hears of it.
    assertEquals(feeder.crashed(0), 2);
    return results;
  };
  const { feeder, given, answers, settled } = await setUp(list);
  feeder.start();
  feeder.want(0, 2);
  await until("the tasks", () => given[0]!.length === 2);
  const [one, two] = given[0]! as [WorkerTask, WorkerTask];
  feeder.rename(0, [[one.seq, "an older claim", "a", null], [99, "none", "b", null], [two.seq, two.fence, "c", null]]);
  await until("the answers", () => answers.length === 3);
  await feeder.drained();
  assertEquals(answers.map(([, [seq, , out]]) => [seq, out]), [[one.seq, null], [99, null], [two.seq, "c"]]);
  assertEquals(settled.map(([, , type, stale]) => [type, stale]), [["crashed", false], ["crashed", false]]);
  const outs = new Map((await list.list()).tasks.map((task) => [task.seq, task.out]));
  assertEquals([outs.get(one.seq), outs.get(two.seq)], [one.out, "c"]);
  feeder.want(0, 2);
  await until("the tasks again", () => given[0]!.length === 4);
  assertEquals(given[0]!.find((task, i) => i > 1 && task.seq === two.seq)?.named, true);
  await feeder.stop();
});
