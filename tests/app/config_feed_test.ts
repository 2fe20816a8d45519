import { assertEquals, assertMatch } from "@std/assert";
import { ChecksumCount } from "../../app/checksum_count.ts";
import { ConfigFeed } from "../../app/config_feed.ts";
import type { DownloaderNews } from "../../app/downloader_event.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import { testFolders } from "../support/test_folders.ts";
import { TempDir } from "../support/temp_dir.ts";

const ENTRY = new URL("fixtures/bad_config.ts", import.meta.url);

/** Runs a feed whose config worker dies that often, until its first read or its end. */
async function runFeed(
  deaths: number,
  restart: { restartMs?: number } = {},
): Promise<{ news: DownloaderNews[]; error: string; waiting: number }> {
  await using home = await TempDir.create();
  await home.write("tasks.txt", "http://h/a\nhttp://h/b\n");
  await home.write("deaths", String(deaths));
  await using list = await openTaskList("kv::memory:");
  const news: DownloaderNews[] = [];
  const failed = Promise.withResolvers<string>();
  using feed = new ConfigFeed({
    list,
    settings: { tasks: [home.join("tasks.txt")], sync: false, dir: home.path },
    rules: {},
    folders: testFolders(),
    count: new ChecksumCount(),
    watch: true,
    core: undefined,
    library: undefined,
    restricted: false,
    entry: ENTRY,
    ...restart,
    news: (each) => news.push(each),
    failed: (error) => failed.resolve(error instanceof Error ? error.message : String(error)),
  });
  const error = await Promise.race([feed.firstRead.then(() => ""), failed.promise]);
  return { news, error, waiting: (await list.counts()).waiting };
}

Deno.test("ConfigFeed starts another config worker when one dies", async () => {
  const { news, error, waiting } = await runFeed(2);
  assertEquals([error, waiting], ["", 2]);
  const crashes = news.filter(({ type }) => type === "proc_crashed");
  assertEquals(crashes.map((crash) => "proc" in crash && crash.proc), ["proc_config", "proc_config"]);
  assertEquals(news.filter(({ type }) => type === "tasks_read").length, 1);
});

Deno.test("ConfigFeed gives up when its config worker dies again and again", async () => {
  const { news, error, waiting } = await runFeed(1000, { restartMs: 10 });
  assertMatch(error, /^The config worker died 5 times in a row: .*it cannot go on/);
  assertEquals([waiting, news.filter(({ type }) => type === "proc_crashed").length], [0, 5]);
});
