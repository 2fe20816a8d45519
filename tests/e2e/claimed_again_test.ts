/** Tasks that are claimed again while a download of an older claim still runs. */
import { assertEquals } from "@std/assert";
import { Downloader } from "../../mod.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

const FILES = 10;

Deno.test("a download that was paused, resumed and canceled in quick succession ends, and leaves no file", async () => {
  await using home = await TempDir.create();
  // Those are not at their end before the test is.
  await using server = FaultServer.start(({ path }, server) =>
    path === "/last" ? new Response("x") : server.trickle(new Uint8Array(6000), 6000, 50)
  );
  await using downloader = await Downloader.open({
    directory: home.join("files"),
    queue: `kv:${home.join("queue.db")}`,
    workers: 2,
    // Else what other tests keep running in this process counts as load of its own, and all of them may not run at once.
    cpuThreshold: 100,
  });
  const run = downloader.run();
  await downloader.add(Array.from({ length: FILES }, (_, i) => `${server.url}/${i}`));
  await until("the requests", () => server.open === FILES);
  for (let round = 0; round < 3; round++) {
    const before = server.requests.length;
    await downloader.control({ verb: "pause" });
    await downloader.control({ verb: "resume" });
    // Each of them begins anew, and so has stopped before.
    await until("the requests again", () => server.requests.length === before + FILES && server.open === FILES);
  }
  await downloader.control({ verb: "pause" });
  await downloader.control({ verb: "resume" });
  await until("the claims", async () => (await downloader.counts()).running === FILES);
  await downloader.control({ verb: "cancel" });
  await until("the end of all requests", () => server.open === 0);
  await downloader.add([`${server.url}/last`]);
  await until("the last file", async () => (await downloader.counts()).done === 1);
  await downloader.stop(0);
  await run;
  const names = Array.from(Deno.readDirSync(home.join("files")), ({ name }) => name);
  assertEquals(names.filter((name) => name !== ".corehaul"), ["last"]);
});
