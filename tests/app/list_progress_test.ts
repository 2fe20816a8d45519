import { assertEquals } from "@std/assert";
import { ListProgressMeter } from "../../app/list_progress.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import { ProgressMeter } from "../../app/downloader_progress.ts";
import { SharedCounters } from "../../base/shared_counters.ts";

Deno.test("ListProgressMeter adds what the heartbeats of other processes carry, and not its own", async () => {
  await using list = await openTaskList("kv::memory:");
  const info = { host: "h", bootId: "b", pid: 1, startTime: "1", cores: [0] };
  const vitals = { load: [1], active: 1, done: 1, failed: 0, retried: 0, bytes: 300, speed: 100, fileBytes: 100 };
  const open = { sized: 1, sizedBytes: 200, size: 800, unsizedBytes: 0 };
  for (const owner of ["own", "other"]) {
    await list.register({ ...info, owner });
    await list.heartbeat(owner, { ...vitals, open, filesPerSecond: 2, files: [] });
  }
  // It says so much less than what is told now.
  await list.register({ ...info, owner: "older" });
  await list.heartbeat("older", { ...vitals, fileBytes: undefined } as never);
  await list.add(Array.from({ length: 10 }, (_, i) => ({ url: `http://h/${i}`, out: String(i) })));
  const counters = SharedCounters.create(1);
  const own = new ProgressMeter(counters, [0]);
  own.start();
  counters.add(0, "done", 2);
  counters.add(0, "fileBytes", 500);
  const meter = new ListProgressMeter(list, () => "own", () => own.read());
  const { counts, bytes, speed, estimated, total } = await meter.read();
  assertEquals([counts.waiting, total, speed, estimated], [10, 10, 200, true]);
  // 500 of its own, 100 and 200 of the other, 300 of the older one.
  assertEquals(bytes, 1100);
});
