import { assert, assertEquals, assertMatch } from "@std/assert";
import { DownloadSession } from "../../app/download_session.ts";
import type { DownloaderNews } from "../../app/downloader_event.ts";
import { LoadSampler } from "../../app/load_sampler.ts";
import { readIdentity } from "../../app/read_identity.ts";
import { SharedCounters } from "../../base/shared_counters.ts";
import { cfgResolve } from "../../config/cfg_resolve.ts";
import { HostTable } from "../../download/host_table.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

const BAD_WORKER = new URL("fixtures/bad_worker.ts", import.meta.url);

for (const [fault, why] of [["loop", /no sign of life for 5 s/], ["throw", /a bad day/]] as const) {
  Deno.test(`DownloadSession replaces a worker that ${fault}s, and its tasks go back to the list`, async () => {
    await using home = await TempDir.create();
    await using list = await TaskKvList.open(":memory:");
    await list.add(Array.from({ length: 5 }, (_, i) => ({ url: `http://h/${i}/${fault}`, out: `${i}` })));
    const settings = cfgResolve({ options: { pin: "false", workerTimeoutMs: "5s" } });
    const counters = SharedCounters.create(1);
    using sampler = new LoadSampler(counters, [0], [0], 100);
    const news: DownloaderNews[] = [];
    const session = new DownloadSession({
      list,
      settings,
      identity: await readIdentity(settings),
      root: home.path,
      fresh: true,
      hosts: HostTable.create(),
      cores: [0],
      library: undefined,
      permissions: "inherit",
      counters,
      sampler,
      entry: BAD_WORKER,
      news: (each) => news.push(each),
      settled: () => {},
    });
    await session.start();
    await until("all tasks to be done", async () => (await list.counts()).done === 5);
    const [crash, ...others] = news.filter((each) => each.type === "proc_crashed");
    assert(crash?.type === "proc_crashed" && others.length === 0);
    assertMatch(crash.error.message, why);
    assertEquals([crash.proc, crash.core, crash.tasks], ["proc_worker-0", 0, 5]);
    assertEquals(news.filter(({ type }) => type === "proc_started").length, 2);
    await session.stop(0);
    assertEquals(await list.owners(), []);
  });
}
