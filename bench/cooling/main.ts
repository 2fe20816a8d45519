/**
 * What a host that answers 429 costs the others: a list of which half of the tasks are on such a host, and the other half
 * alone, in turns. The time is that from the start of the command to the last of the other host's files.
 *
 * ```sh
 * deno run -A bench/cooling/main.ts 5000
 * ```
 *
 * The second argument is the number of rounds, beside the first one, which does not count; the third is the size of the
 * files in bytes. It needs nginx.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { median } from "../median.ts";
import { Nginx } from "../nginx.ts";

const CLI = fromFileUrl(new URL("../../cli.ts", import.meta.url));

/** How the list is made; `warm` and `cold` are the urls of both hosts. */
const LISTS: readonly [name: string, urls: (warm: string[], cold: string[]) => string[]][] = [
  ["alone", (warm) => warm],
  ["in turns", (warm, cold) => warm.flatMap((url, i) => [cold[i]!, url])],
  ["behind all", (warm, cold) => [...cold, ...warm]],
];

/** Milliseconds until so many files are done; then the command is stopped, as the rest of its list waits for an hour. */
async function run(folder: string, urls: string[], count: number): Promise<number> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/tasks.txt`, urls.join("\n") + "\n");
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", CLI, "run", "--once", "--tasks", "tasks.txt", "--dir", "files"],
      ...["--queue", "kv:queue.db", "--json", "--log-level", "error", "--grace", "0"],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let done = 0;
  let end: number | undefined;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    done += lines.filter((line) => line.includes('"task_done"')).length;
    if (done < count || end !== undefined) continue;
    end = performance.now();
    // It may have come to its own end already.
    if (urls.length > count) child.kill("SIGTERM");
  }
  await child.status;
  if (end === undefined || done !== count) throw new Error(`${done} of ${count} files are done`);
  await Deno.remove(folder, { recursive: true });
  return end - start;
}

async function main(): Promise<void> {
  const [count = "5000", rounds = "7", bytes = "10240"] = Deno.args;
  const home = await Deno.makeTempDir({ dir: "/dev/shm" });
  let refused = 0;
  const cold = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    refused++;
    return new Response(null, { status: 429, headers: { "retry-after": "3600" } });
  });
  try {
    for (const name of ["root", "nginx"]) await Deno.mkdir(`${home}/${name}`);
    const names = Array.from({ length: Number(count) }, (_, i) => `f${i}.bin`);
    for (const name of names) await Deno.writeFile(`${home}/root/${name}`, new Uint8Array(Number(bytes)).fill(1));
    await using warm = await Nginx.start({ root: `${home}/root`, home: `${home}/nginx`, workers: "auto" });
    const warmUrls = names.map((name) => `${warm.urls.plain}/${name}`);
    const coldUrls = names.map((name) => `http://127.0.0.1:${cold.addr.port}/c${name}`);
    const times = new Map<string, number[]>(LISTS.map(([name]) => [name, []]));
    for (let round = 0; round <= Number(rounds); round++) {
      // Each round starts one list further on.
      for (let i = 0; i < LISTS.length; i++) {
        const [name, list] = LISTS[(round + i) % LISTS.length]!;
        refused = 0;
        const ms = await run(`${home}/run`, list(warmUrls, coldUrls), names.length);
        console.log(
          `${name.padEnd(10)} ${ms.toFixed(0).padStart(6)} ms, ${refused} refused${round === 0 ? ", warm-up" : ""}`,
        );
        if (round > 0) times.get(name)!.push(ms);
      }
    }
    const alone = times.get("alone")!;
    for (const [name, all] of times) {
      const ratio = median(all.map((ms, i) => ms / alone[i]!));
      console.log(
        `${name.padEnd(10)} median ${median(all).toFixed(0)} ms, ${
          ratio.toFixed(2)
        } of alone (median of ${all.length})`,
      );
    }
  } finally {
    await cold.shutdown();
    await Deno.remove(home, { recursive: true });
  }
}

if (import.meta.main) await main();
