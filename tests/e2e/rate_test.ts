/** What `--limit-rate` lets pass over real connections and two workers. */
import { assert, assertEquals } from "@std/assert";
import { RATE_BURST_MS } from "../../download/rate_limiter.ts";
import { Downloader } from "../../mod.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const RATE = 512 * 1024;
const WORKERS = 2;
const CONCURRENCY = 2;
const SAMPLE_MS = 20;
/** What one download may have paid for and not got yet, and so much may have come with a head before it is paid for. */
const AHEAD = 64 * 1024;

/** A look at what has come: between these two moments. */
interface Sample {
  after: number;
  before: number;
  bytes: number;
}

for (const httpClient of ["auto", "fetch"] as const) {
  Deno.test(`Downloader keeps two workers to limitRate in every stretch of time, ${httpClient}`, async () => {
    await using home = await TempDir.create();
    const sizes = [1_000_000, 40_000, 300_000];
    await using server = FaultServer.start(({ path }) =>
      new Response(bytesFor(path, sizes[Number(path.slice(1)) % 3]!))
    );
    await using downloader = await Downloader.open({
      ...{ directory: home.join("files"), workers: WORKERS, pin: false, concurrency: CONCURRENCY, cpuThreshold: 100 },
      ...{ httpClient, limitRate: RATE },
    });
    await downloader.add(Array.from({ length: 9 }, (_, i) => `${server.url}/${i}`));
    const samples: Sample[] = [];
    const look = () => {
      const after = performance.now();
      const { bytes } = downloader.progress();
      samples.push({ after, before: performance.now(), bytes });
    };
    look();
    const sampler = setInterval(look, SAMPLE_MS);
    // It is a limit, not a standstill: the run ends.
    const { done } = await downloader.run({ once: true });
    clearInterval(sampler);
    look();
    assertEquals([done, samples.at(-1)!.bytes], [9, 4_020_000]);
    for (const [i, from] of samples.entries()) {
      // Before the run nothing was paid for; a moment later it may be, though nothing has come.
      const ahead = (i === 0 ? 1 : 2) * WORKERS * CONCURRENCY * AHEAD;
      for (const to of samples.slice(i)) {
        // All that came between the looks came within this time, however late they were.
        const ms = to.before - from.after;
        const most = RATE * (ms + RATE_BURST_MS) / 1000 + ahead;
        assert(to.bytes - from.bytes <= most, `${to.bytes - from.bytes} bytes in ${ms} ms, more than ${most}`);
      }
    }
  });
}
