/**
 * What `corehaul manifest --verify` costs beside the download of the same files: small ones, one folder, in turns.
 *
 * ```sh
 * deno run -A bench/manifest/main.ts 100000 3
 * ```
 *
 * The first argument is the number of files, the second the number of rounds, the third their size in bytes (100). Further
 * ones are the `cli.ts` of other checkouts, which verify the same folder. It needs nginx, python3 and a tmpfs on `/dev/shm`.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { NginxServer } from "../../tests/support/nginx_server.ts";
import { measure, type Measurement } from "../measure.ts";
import { median } from "../median.ts";

const CLI = fromFileUrl(new URL("../../cli.ts", import.meta.url));

async function main([count = "100000", rounds = "3", bytes = "100", ...others]: readonly string[]): Promise<void> {
  const home = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "corehaul_bench_" });
  try {
    const source = join(home, "source");
    await Deno.mkdir(source);
    const body = crypto.getRandomValues(new Uint8Array(Number(bytes)));
    for (let i = 0; i < Number(count); i++) Deno.writeFileSync(join(source, `${i}.bin`), body);
    await using nginx = await NginxServer.start(source);
    const urls = Array.from({ length: Number(count) }, (_, i) => `${nginx.url}/${i}.bin`);
    await Deno.writeTextFile(join(home, "urls.txt"), urls.join("\n"));
    const clis = [CLI, ...others];
    const ratios: number[][] = clis.map(() => []);
    for (let round = 0; round < Number(rounds); round++) {
      const cwd = join(home, "work");
      await Deno.mkdir(cwd);
      const more = ["--queue", "kv:queue.db", "--progress", "none", "--log-level", "error"];
      const download = await run(cwd, CLI, "run", "--once", "--tasks", "../urls.txt", "-d", "files", ...more);
      print("download", download);
      for (let i = 0; i < clis.length; i++) {
        const at = (round + i) % clis.length;
        const verify = await run(cwd, clis[at]!, "manifest", "--verify", "-d", "files");
        const answer = (await Deno.readTextFile(join(cwd, "log"))).trim();
        if (!answer.endsWith(`${count} ok, 0 wrong`)) throw new Error(answer.slice(-200));
        ratios[at]!.push(verify.wallSeconds / download.wallSeconds);
        print(`verify ${at}`, verify);
      }
      await Deno.remove(cwd, { recursive: true });
    }
    for (const [i, cli] of clis.entries()) {
      console.log(`verify ${i} / download, median of ${rounds}: ${median(ratios[i]!).toFixed(2)}  (${cli})`);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function run(cwd: string, cli: string, ...args: string[]): Promise<Measurement> {
  const command = [Deno.execPath(), "run", "-A", "--quiet", cli, ...args];
  const log = join(cwd, "log");
  const measured = await measure({ command, cwd, env: Deno.env.toObject(), log, timeoutSeconds: 3600 });
  if (measured.exitCode !== 0) throw new Error(`${args[0]} ended with ${measured.exitCode}`);
  return measured;
}

function print(what: string, { wallSeconds, userSeconds, systemSeconds, peakBytes }: Measurement): void {
  const mib = (peakBytes / 2 ** 20).toFixed(0);
  const [wall, cpu, kernel] = [wallSeconds, userSeconds + systemSeconds, systemSeconds].map((s) => s.toFixed(2));
  console.log(`${what.padEnd(10)} ${wall} s, CPU ${cpu} s (kernel ${kernel}), peak ${mib} MiB`);
}

if (import.meta.main) await main(Deno.args);
