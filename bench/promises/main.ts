/**
 * Promises about time, which depend on the machine and are therefore no tests: how soon a running download obeys, and how much
 * of `--limit-rate` passes in two seconds.
 *
 * ```sh
 * deno run -A bench/promises/main.ts 10
 * ```
 *
 * The argument is the number of rounds. A busy machine shows other numbers.
 *
 * @module
 */
import { Downloader } from "../../mod.ts";
import { median } from "../median.ts";

const RATE = 1024 * 1024;
const WINDOW_MS = 2000;
const RUN_MS = 5000;
const SAMPLE_MS = 20;
const PIECE = new Uint8Array(1000);

/** A server of files that never end, or of `/SIZE` bytes each. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const size = Number(new URL(url).pathname.split("/")[1]);
    if (size > 0) return new Response(new Uint8Array(size));
    let timer: ReturnType<typeof setInterval> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        timer = setInterval(() => controller.enqueue(PIECE), SAMPLE_MS);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body);
  });
}

/** Milliseconds from an order to pause until the download has stopped. */
async function obeyed(url: string, directory: string): Promise<number> {
  await using downloader = await Downloader.open({ directory, workers: 1, pin: false, cpuThreshold: 100 });
  const events = downloader.events();
  await downloader.add([`${url}/endless`]);
  const running = downloader.run();
  while (downloader.progress().bytes < PIECE.length) await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  await downloader.control({ verb: "pause" });
  const told = performance.now();
  for await (const { type } of events) if (type === "task_paused") break;
  const ms = performance.now() - told;
  await downloader.stop(0);
  await running;
  return ms;
}

/** How much more than the rate came in the worst stretch of two seconds and more, without the burst, as a share of it. */
async function passed(url: string, directory: string): Promise<number> {
  await using downloader = await Downloader.open({
    ...{ directory, workers: 2, pin: false, cpuThreshold: 100, concurrency: 6, limitRate: RATE },
  });
  const sizes = [1_000_000, 40_000, 300_000];
  await downloader.add(Array.from({ length: 60 }, (_, i) => `${url}/${sizes[i % 3]}/${i}`));
  const running = downloader.run();
  const samples: { at: number; bytes: number }[] = [];
  while (samples.length === 0 || samples.at(-1)!.at - samples[0]!.at < RUN_MS) {
    const { bytes } = downloader.progress();
    if (bytes > 0) samples.push({ at: performance.now(), bytes });
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  await downloader.stop(0);
  await running;
  let most = -Infinity;
  for (const [i, from] of samples.entries()) {
    for (const to of samples.slice(i)) {
      const ms = to.at - from.at;
      if (ms < WINDOW_MS) continue;
      most = Math.max(most, (to.bytes - from.bytes - RATE / 10) / (RATE * ms / 1000) - 1);
    }
  }
  return most;
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? 5);
  await using server = serve();
  const url = `http://127.0.0.1:${server.addr.port}`;
  const folder = await Deno.makeTempDir();
  const [orders, excesses]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    orders.push(await obeyed(url, `${folder}/order-${round}`));
    excesses.push(await passed(url, `${folder}/rate-${round}`));
  }
  await Deno.remove(folder, { recursive: true });
  const show = (name: string, values: number[], digits: number) =>
    console.log(`${name}: median ${median(values).toFixed(digits)}, most ${Math.max(...values).toFixed(digits)}`);
  show("ms until a running download has stopped", orders, 0);
  show("% over --limit-rate in two seconds and more", excesses.map((share) => share * 100), 1);
  Deno.exit(0);
}
