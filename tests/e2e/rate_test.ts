/** How evenly `--limit-rate` is kept to, over real connections and two workers. */
import { assert, assertEquals } from "@std/assert";
import { RATE_BURST_MS } from "../../download/rate_limiter.ts";
import { Downloader } from "../../mod.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const RATE = 1024 * 1024;
const WINDOW_MS = 2000;
const RUN_MS = 5000;
const SAMPLE_MS = 20;

for (const httpClient of ["auto", "fetch"] as const) {
  Deno.test(`Downloader keeps two workers to limitRate in every stretch of time, ${httpClient}`, async () => {
    await using home = await TempDir.create();
    const sizes = [1_000_000, 40_000, 300_000];
    await using server = FaultServer.start(({ path }) =>
      new Response(bytesFor(path, sizes[Number(path.slice(1)) % 3]!))
    );
    await using downloader = await Downloader.open({
      ...{ directory: home.join("files"), workers: 2, pin: false, concurrency: 6, cpuThreshold: 100, httpClient },
      limitRate: RATE,
    });
    await downloader.add(Array.from({ length: 60 }, (_, i) => `${server.url}/${i}`));
    const samples: { at: number; bytes: number }[] = [];
    const sampler = setInterval(() => {
      const { bytes } = downloader.progress();
      // What came before the first byte is no part of the run.
      if (bytes > 0) samples.push({ at: performance.now(), bytes });
    }, SAMPLE_MS);
    const running = downloader.run();
    while (samples.length === 0 || samples.at(-1)!.at - samples[0]!.at < RUN_MS) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    clearInterval(sampler);
    assertEquals((await downloader.counts()).waiting > 0, true, "there was always something to fetch");
    await downloader.stop(0);
    await running;
    for (const [i, from] of samples.entries()) {
      for (const to of samples.slice(i)) {
        const ms = to.at - from.at;
        if (ms < WINDOW_MS) continue;
        const most = RATE * (ms * 1.05 + RATE_BURST_MS) / 1000;
        assert(to.bytes - from.bytes <= most, `${to.bytes - from.bytes} bytes in ${ms} ms, more than ${most}`);
      }
    }
    // It is a limit, not a standstill.
    const { at, bytes } = samples.at(-1)!;
    assert(bytes - samples[0]!.bytes > RATE * (at - samples[0]!.at) / 1000 / 2, `${bytes} bytes`);
  });
}
