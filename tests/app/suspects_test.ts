/** Tasks that end their Worker: they fail alone, and it is told. */
import { assert, assertEquals } from "@std/assert";
import type { DownloaderNews } from "../../app/downloader_event.ts";
import { Downloader } from "../../app/downloader.ts";
import { DownloadSession } from "../../app/download_session.ts";
import { LoadSampler } from "../../app/load_sampler.ts";
import { outcomeNews } from "../../app/outcome_news.ts";
import { readIdentity } from "../../app/read_identity.ts";
import { WorkerAnswers } from "../../app/worker_answers.ts";
import { SharedCounters } from "../../base/shared_counters.ts";
import { cfgResolve } from "../../config/cfg_resolve.ts";
import { HostTable } from "../../download/host_table.ts";
import { MAX_CRASHES } from "../../queue/task_model.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** Two files end the Worker that asks for them, long before any other one is there. */
const DRIVER = `
export default {
  async open({ url }) {
    if (url.includes("kill")) setTimeout(() => { throw new Error("a bad day"); });
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { length: 1, body: [new Uint8Array(1)] };
  },
};`;
const OTHERS = 6;

Deno.test("DownloadSession fails those tasks alone that end their Worker, tells it, and runs suspects one at a time", async () => {
  await using home = await TempDir.create();
  await home.write("driver.ts", DRIVER);
  const root = home.join("files");
  await Deno.mkdir(root);
  await using list = await TaskKvList.open(":memory:");
  const urls = ["mem://h/kill0", "mem://h/kill1", ...Array.from({ length: OTHERS }, (_, i) => `mem://h/${i}`)];
  await list.add(urls.map((url, i) => ({ url, out: `${i}`, named: true })));
  const settings = cfgResolve({ options: { pin: false, protocols: { "mem:": home.join("driver.ts") } } });
  const counters = SharedCounters.create(3);
  using sampler = new LoadSampler(counters, [0], [0], 100);
  const news: DownloaderNews[] = [];
  const session = new DownloadSession({
    list,
    settings,
    answers: new WorkerAnswers(settings),
    identity: await readIdentity(settings),
    root,
    fresh: true,
    hosts: HostTable.create(),
    cores: [0],
    library: undefined,
    permissions: "inherit",
    restricted: false,
    extraConnections: Infinity,
    counters,
    sampler,
    restartMs: 10,
    news: (each) => news.push(each),
    settled: (task, outcome) => {
      const told = outcomeNews(task, outcome);
      if (told !== undefined) news.push(told);
    },
  });
  const failed = () => news.filter((each) => each.type === "task_failed");
  try {
    await session.start();
    const settled = async () => {
      const { done, failed } = await list.counts();
      return done + failed === OTHERS + 2;
    };
    await until("the end of all", settled, { detail: () => JSON.stringify(news) });
  } finally {
    await session.stop(0);
  }
  assertEquals(failed().map(({ url, error }) => [url, error.kind]).sort(), [
    ["mem://h/kill0", "crash"],
    ["mem://h/kill1", "crash"],
  ]);
  assertEquals([counters.total("done"), counters.total("failed")], [OTHERS, 2]);
  const deaths = news.filter((each) => each.type === "proc_crashed");
  const alone = deaths.filter(({ proc }) => proc === "proc_worker-1");
  // Each of the two was alone when it died from the third time on.
  assertEquals(alone.map(({ tasks }) => tasks), Array(2 * (MAX_CRASHES - 2)).fill(1));
  assert(deaths.length - alone.length <= 4, "among others they died twice at the most");
  const { tasks } = await list.list({ status: "failed" });
  assertEquals(tasks.map(({ crashes }) => crashes), [MAX_CRASHES, MAX_CRASHES]);
});

Deno.test("Downloader has no more downloads at a time than jobs says, suspects included", async () => {
  await using home = await TempDir.create();
  let [open, most] = [0, 0];
  await using server = FaultServer.start(async (_, server) => {
    most = Math.max(most, ++open);
    // Whatever else may run comes meanwhile.
    await server.pause(100);
    open--;
    return new Response("x");
  });
  const queue = home.join("list.db");
  {
    await using list = await TaskKvList.open(queue);
    const add = async (from: number, to: number) => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      await list.add(numbers.map((i) => ({ url: `${server.url}/${i}`, out: `${i}` })));
    };
    await list.register({ owner: "dead", pid: 1, host: "h", bootId: "b", startTime: "0", cores: [0], leaseMs: 60_000 });
    await add(0, 2);
    for (let death = 0; death < 2; death++) {
      const claimed = await list.claim({ owner: "dead", core: 0, limit: 2 });
      assertEquals(claimed.length, 2);
      await list.settle(claimed.map((task) => ({ task, outcome: { type: "crashed" } })));
    }
    await list.leave("dead");
    await add(2, 8);
  }
  await using downloader = await Downloader.open({
    directory: home.join("files"),
    queue: `kv:${queue}`,
    jobs: 1,
    perHost: 0,
    cpuThreshold: 100,
  });
  const { done } = await downloader.run({ once: true });
  assertEquals([done, most], [8, 1]);
});
