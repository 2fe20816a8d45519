import { assertEquals } from "@std/assert";
import { LeaseKeeper } from "../../app/lease_keeper.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import { procIdentity } from "../../ffi/proc_identity.ts";
import { Downloader } from "../../mod.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { drafts } from "../queue/contract_kit.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

Deno.test("Downloader tells the list its lease, and renews it at each of its heartbeats and at no other time", async () => {
  await using home = await TempDir.create();
  const queue = `kv:${home.join("queue.db")}`;
  const open = (name: string, leaseMs: number, heartbeatMs: number) =>
    Downloader.open({ directory: home.join(name), queue, workers: 1, pin: false, leaseMs, heartbeatMs });
  await using often = await open("often", 30_000, 100);
  await using seldom = await open("seldom", 600_000, 200_000);
  await using list = await openTaskList(queue);
  const owners = async () => (await list.owners()).sort((a, b) => a.leaseMs! - b.leaseMs!);
  const runs = [often.run(), seldom.run()];
  await until("both", async () => (await owners()).length === 2);
  const first = await owners();
  assertEquals(first.map(({ leaseMs }) => leaseMs), [30_000, 600_000]);
  const seen = new Set<number>();
  await until("ten leases of the one", async () => seen.add((await owners())[0]!.aliveUntil).size === 10);
  assertEquals((await owners())[1]!.aliveUntil, first[1]!.aliveUntil, "the other one's is as it was");
  await often.stop(0);
  await seldom.stop(0);
  await Promise.all(runs);
});

Deno.test("LeaseKeeper blames nobody for a process that stands still for longer than its lease, and lives", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.add(drafts(3));
  const stopped = new Deno.Command("sleep", { args: ["600"] }).spawn();
  try {
    const startTime = () => {
      const stat = Deno.readTextFileSync(`/proc/${stopped.pid}/stat`);
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    };
    const identity = { ...procIdentity(), pid: stopped.pid, startTime: startTime()[19]! };
    stopped.kill("SIGSTOP");
    await until("its stop", () => startTime()[0] === "T");
    await list.register({ ...identity, owner: "frozen", cores: [0], leaseMs: 1 });
    assertEquals((await list.claim({ owner: "frozen", core: 0, limit: 3 })).length, 3);
    let back = 0;
    await using keeper = new LeaseKeeper(list, "ours", 10, {
      vitals: () => ({ load: [], active: 0, done: 0, failed: 0, retried: 0, bytes: 0, speed: 0 }),
      held: () => [],
      lost: () => {},
      died: () => Promise.reject(new Error("Nobody has died")),
      reclaimed: (tasks) => back += tasks,
      gaveUp: () => {},
      failed: (error) => {
        throw error;
      },
    });
    await list.register({ ...procIdentity(), owner: "ours", cores: [0] });
    await keeper.start();
    await until("the tasks", () => back === 3);
    const { tasks } = await list.list();
    assertEquals(
      tasks.map(({ crashes, begun, status }) => [crashes, begun, status]),
      Array(3).fill([0, true, "waiting"]),
    );
  } finally {
    stopped.kill("SIGKILL");
    await stopped.status;
  }
});

Deno.test("LeaseKeeper takes back the deaths of its own owner, which others took for dead", async () => {
  await using list = await TaskKvList.open(":memory:");
  await list.add(drafts(3));
  await list.register({ ...procIdentity(), owner: "ours", cores: [0], leaseMs: 1 });
  const held = await list.claim({ owner: "ours", core: 0, limit: 3 });
  // As another machine sees it, that knows nothing of our processes.
  await until("the end of its lease", async () => await list.reclaim() === 3);
  const crashes = async () => (await list.list()).tasks.map(({ crashes }) => crashes);
  assertEquals(await crashes(), [1, 1, 1]);
  const lost = Promise.withResolvers<void>();
  await using keeper = new LeaseKeeper(list, "ours", 10, {
    vitals: () => ({ load: [], active: 0, done: 0, failed: 0, retried: 0, bytes: 0, speed: 0 }),
    held: () => held,
    lost: () => lost.resolve(),
    died: () => Promise.reject(new Error("Nobody has died")),
    reclaimed: () => {},
    gaveUp: () => {},
    failed: (error) => {
      throw error;
    },
  });
  await keeper.start();
  await lost.promise;
  assertEquals(await crashes(), [0, 0, 0]);
});
