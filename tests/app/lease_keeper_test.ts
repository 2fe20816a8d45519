import { assertEquals } from "@std/assert";
import { openTaskList } from "../../app/open_task_list.ts";
import { Downloader } from "../../mod.ts";
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
