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

/** A feeder for two workers that do nothing, and one for suspects, over a real list. */
async function setUp(list: TaskSharedList, perHost = 0) {
  const given: WorkerTask[][] = [[], [], []];
  const answers: [worker: number, answer: RenameAnswer][] = [];
  const settled: [id: string, out: string, type: string, stale: boolean][] = [];
  const dropped: [worker: number, seqs: number[]][] = [];
  const parts: [worker: number | undefined, out: string][] = [];
  const ordered: [id: string, verb: string][] = [];
  await list.register(ownerInfo("o"));
  const gate = new ClaimGate({
    table: HostTable.create(),
    perHost,
    perHostRate: 0,
    concurrency: 2,
    workers: 2,
    maxHostWaitMs: 3_600_000,
  });
  const feeder = new TaskFeeder({
    list,
    owner: "o",
    cores: [1, 2],
    gate,
    give: (worker, tasks) => given[worker]!.push(...tasks),
    renamed: (worker, batch) => answers.push(...batch.map((answer) => [worker, answer] as [number, RenameAnswer])),
    settled: ({ id, out }, { type }, stale) => settled.push([id, out, type, stale]),
    drop: (worker, seqs, gone) => {
      dropped.push([worker, seqs]);
      parts.push(...gone.map(({ out }): [number, string] => [worker, out]));
    },
    dropPart: ({ out }) => parts.push([undefined, out]),
    ordered: ({ id }, verb) => ordered.push([id, verb]),
    failed: (error) => {
      throw error;
    },
  });
  return { feeder, gate, given, answers, settled, dropped, parts, ordered };
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
  for (const [worker, ofWorker] of given.entries()) {
    feeder.settle(worker, ofWorker.map(({ seq, fence }) => [seq, DONE, fence]));
  }
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

Deno.test("TaskFeeder gives nothing to a worker that has taken back what it asked for", async () => {
  await using list = await TaskKvList.open(":memory:");
  const { feeder, given } = await setUp(list);
  feeder.start();
  feeder.want(0, 4);
  feeder.want(0, -3);
  // One of them may be on the way already.
  feeder.want(1, 1);
  feeder.want(1, -2);
  feeder.want(1, 2);
  await list.add(drafts(6));
  await until("the tasks", () => given[0]!.length === 1 && given[1]!.length === 2);
  await feeder.stop();
  await feeder.drained();
  assertEquals([given[0]!.length, given[1]!.length], [1, 2]);
});

Deno.test("TaskFeeder takes from workers what users took away, and settles it for nobody", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.add(drafts(4).map((one, i) => ({ ...one, id: `${i}` })));
  const { feeder, given, settled, dropped, parts, ordered } = await setUp(list);
  feeder.start();
  feeder.want(0, 4);
  await until("the tasks", () => given[0]!.length === 4);
  await list.control({ verb: "pause", ids: ["0"] });
  await list.control({ verb: "remove", ids: ["1"] });
  const { out } = (await list.get("2"))!;
  await list.control({ verb: "cancel", ids: ["2"], dropParts: true });
  await until("the orders", () => dropped.flatMap(([, seqs]) => seqs).length === 3);
  assertEquals(parts, [[0, out]]);
  assertEquals(ordered.sort(), [["0", "pause"], ["1", "remove"], ["2", "cancel"]]);
  // The worker had finished one of them, and only then hears of it.
  feeder.settle(0, given[0]!.map(({ seq, fence }) => [seq, DONE, fence]));
  await feeder.drained();
  assert(feeder.idle);
  assertEquals(settled.map(([id, , type, stale]) => [id, type, stale]), [["3", "done", false]]);
  const states = (await list.list()).tasks.map(({ id, status }) => [id, status]);
  assertEquals(states.sort(), [["0", "paused"], ["2", "canceled"], ["3", "done"]]);
  await list.control({ verb: "resume", ids: ["0"] });
  feeder.want(0, 1);
  await until("the task again", () => given[0]!.length === 5);
  assertEquals([given[0]![4]!.id, given[0]![4]!.begun], ["0", true]);
  await feeder.stop();
});

Deno.test("TaskFeeder gives no task to a worker that a user took away while it was being claimed", async () => {
  await using list = byTurns([await TaskKvList.open(":memory:")]);
  await list.add([{ ...drafts(1)[0]!, id: "one" }, { ...drafts(2)[1]!, id: "two" }]);
  const { claim } = list;
  let held = Promise.resolve();
  list.claim = async (request) => {
    const tasks = await claim(request);
    if (tasks.length > 0) await held;
    return tasks;
  };
  const { feeder, given, parts, ordered } = await setUp(list);
  feeder.start();
  feeder.want(1, 1);
  await until("the first task", () => given[1]!.length === 1);
  const gate = Promise.withResolvers<void>();
  held = gate.promise;
  feeder.want(0, 1);
  await until("the claim", async () => (await list.counts()).running === 2);
  await list.control({ verb: "cancel", filter: {}, dropParts: true });
  await until("the order of the first", () => ordered.length === 1);
  gate.resolve();
  await until("the order of the second", () => ordered.length === 2);
  assertEquals([given[0], feeder.idle], [[], true]);
  // No worker ever had the second one.
  assertEquals(parts.map(([worker]) => worker), [1, undefined]);
  await feeder.stop();
  await feeder.drained();
});

for (const again of [false, true]) {
  const what = again ? "gave back and took away again" : "and gave back";
  Deno.test(`TaskFeeder ends the older claim of a task that a user took away, ${what} before the order was seen`, async () => {
    await using list = byTurns([await TaskKvList.open(":memory:")]);
    await list.add([{ ...drafts(1)[0]!, id: "one" }]);
    const { claim, takeOrders } = list;
    let seen = false;
    list.takeOrders = async (owner) => seen ? await takeOrders(owner) : [];
    let claims = 0;
    list.claim = async (request) => {
      const tasks = await claim(request);
      if (tasks.length === 0 || ++claims !== 2) return tasks;
      if (again) await list.control({ verb: "pause", ids: ["one"] });
      seen = true;
      return tasks;
    };
    const { feeder, gate, given, settled, dropped, ordered } = await setUp(list, 1);
    const most = gate.hosts!("h")!.room;
    feeder.start();
    feeder.want(0, 1);
    await until("the task", () => given[0]!.length === 1);
    const [first] = given[0]!;
    const { host } = new URL(first!.url);
    await list.control({ verb: "pause", ids: ["one"] });
    await list.control({ verb: "resume", ids: ["one"] });
    feeder.want(1, 1);
    await until("the news for the worker", () => dropped.length === 1);
    assertEquals(dropped, [[0, [first!.seq]]]);
    if (again) {
      await until("the order", () => ordered.length === 1);
      await list.control({ verb: "resume", ids: ["one"] });
    }
    await until("the task again", () => given[1]!.length === 1);
    assertEquals([given[0]!.length, dropped.length], [1, 1]);
    assertEquals(ordered, [["one", "pause"]]);
    assertEquals(settled.map(([id, , type, stale]) => [id, type, stale]), again ? [] : [["one", "deferred", false]]);
    // Only the claim that is open now holds room at its host.
    assertEquals(gate.hosts!(host)!.room, most - 1);
    settled.length = 0;
    // What became of the older claim says nothing about the new one, wherever it comes from.
    for (const worker of [0, 1]) feeder.settle(worker, [[first!.seq, DONE, first!.fence]]);
    assertEquals(feeder.idle, false);
    feeder.settle(1, [[first!.seq, DONE, given[1]![0]!.fence]]);
    await feeder.stop();
    await feeder.drained();
    assertEquals(settled.map(([id, , type, stale]) => [id, type, stale]), [["one", "done", false]]);
    assert(feeder.idle);
    assertEquals(gate.hosts!(host)!.room, most);
  });
}

Deno.test("TaskFeeder lets suspects run one at a time, and no death is blamed on those that wait for it", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.add(drafts(6));
  const suspects = async () => (await list.list()).tasks.filter(({ crashes }) => crashes >= 2).map(({ seq }) => seq);
  for (const owner of ["a", "b"]) {
    await list.register(ownerInfo(owner));
    // The last one has seen one death only.
    await list.claim({ owner, core: 1, limit: owner === "a" ? 6 : 5 });
    await list.reclaim((state) => state.owner !== owner);
  }
  assertEquals((await suspects()).length, 5);
  const { feeder, given, settled } = await setUp(list);
  feeder.start();
  feeder.want(0, 10);
  await until("who is none", () => given[0]!.length === 1);
  await until("the claims", async () => (await list.counts()).running === 6);
  assertEquals(given[2], []);
  // More than one is wanted, and there is only one at a time.
  feeder.want(2, 4);
  const alone = async (count: number) => await until("the next one", () => given[2]!.length === count);
  await alone(1);
  feeder.settle(2, [[given[2]![0]!.seq, DONE, given[2]![0]!.fence]]);
  await alone(2);
  const second = given[2]![1]!;
  assertEquals([second.crashed, second.begun], [true, true]);
  // It has got further than ever: the next one need not wait for its end.
  feeder.reached(2, { seq: second.seq, fence: second.fence, bytes: 7 });
  await alone(3);
  const third = given[2]![2]!;
  await until(
    "the others' wait",
    async () => (await list.list()).tasks.filter(({ idle }) => idle === true).length === 2,
  );
  assertEquals(given[2]!.length, 3);
  // The whole process dies.
  await list.reclaim(() => false);
  const left = (await list.list()).tasks.filter(({ status }) => status !== "done");
  const blamed = new Map(left.map(({ seq, crashes }) => [seq, crashes]));
  assertEquals([blamed.get(second.seq), blamed.get(third.seq), blamed.get(given[0]![0]!.seq)], [1, 3, 2]);
  assertEquals([...blamed.values()].sort(), [1, 2, 2, 2, 3]);
  await feeder.stop();
  await feeder.drained();
  assertEquals(settled.filter(([, , , stale]) => !stale).map(([, , type]) => type), ["done"]);
});
