/**
 * What a list on Redis costs a run: the same files with the list on Deno KV and on Redis, in turn.
 *
 * ```sh
 * deno run -A bench/redis_downloads.ts 20000 5
 * ```
 *
 * The first argument is the number of files, of 10 KiB each, the second the number of rounds. Files and server are on tmpfs
 * where there is one; a round before them does not count.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { NginxServer } from "../tests/support/nginx_server.ts";
import { RedisServer } from "../tests/support/redis_server.ts";
import { median } from "./median.ts";

const BYTES = 10_240;
const CLI = fromFileUrl(new URL("../cli.ts", import.meta.url));
const TMPFS = "/dev/shm";

async function main([count = "20000", rounds = "5"]: readonly string[]): Promise<void> {
  const onTmpfs = await Deno.stat(TMPFS).then((info) => info.isDirectory, () => false);
  const home = await Deno.makeTempDir({ ...(onTmpfs ? { dir: TMPFS } : {}), prefix: "corehaul_bench_" });
  try {
    const source = join(home, "source");
    await Deno.mkdir(source);
    const body = crypto.getRandomValues(new Uint8Array(BYTES));
    for (let i = 0; i < Number(count); i++) await Deno.writeFile(join(source, `${i}.bin`), body);
    await using nginx = await NginxServer.start(source);
    await using redis = await RedisServer.start();
    const urls = Array.from({ length: Number(count) }, (_, i) => `${nginx.url}/${i}.bin`);
    await Deno.writeTextFile(join(home, "urls.txt"), urls.join("\n"));
    const times: Record<"kv" | "redis", number[]> = { kv: [], redis: [] };
    for (let round = 0; round <= Number(rounds); round++) {
      for (const list of ["kv", "redis"] as const) {
        await redis.ask("flushall");
        const seconds = await run(home, list === "kv" ? "kv:queue.db" : redis.url(), Number(count));
        if (round > 0) times[list].push(seconds);
      }
    }
    const ratios = times.redis.map((time, i) => time / times.kv[i]!);
    for (const list of ["kv", "redis"] as const) {
      console.log(`${list.padEnd(5)} ${times[list].map((time) => time.toFixed(2)).join(" ")} s`);
    }
    console.log(`redis / kv, median of ${rounds} rounds: ${median(ratios).toFixed(2)}`);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Downloads all files once, into a folder of its own; says how many seconds that took. */
async function run(home: string, queue: string, count: number): Promise<number> {
  const cwd = join(home, "work");
  await Deno.mkdir(cwd);
  try {
    const start = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", CLI, "run", "--once", "--tasks", "../urls.txt", "--dir", "files", "--queue", queue],
        ...["--progress", "none", "--log-level", "error"],
      ],
      cwd,
      stdin: "null",
    }).output();
    const seconds = (performance.now() - start) / 1000;
    let files = 0;
    for await (const { name } of Deno.readDir(join(cwd, "files"))) if (!name.startsWith(".")) files++;
    if (!success || files !== count) throw new Error(`${files} of ${count} files came with ${queue}`);
    return seconds;
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
