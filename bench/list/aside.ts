/**
 * What a closed host costs the others: many of its tasks stand at the head of a list, and a few of another behind them.
 *
 * ```sh
 * deno run -A bench/list/aside.ts 500000 /dev/shm
 * ```
 *
 * @module
 */
import { TaskKvList } from "../../queue/task_kv_list.ts";

const OTHERS = 200;

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await run();
  console.log(`${(performance.now() - start).toFixed(0).padStart(6)} ms: ${what}`);
  return result;
}

if (import.meta.main) {
  const [count = "500000", base] = Deno.args;
  const folder = await Deno.makeTempDir(base === undefined ? {} : { dir: base });
  let time = 1000;
  try {
    await using list = await TaskKvList.open(`${folder}/queue.db`, { clock: { now: () => time } });
    await list.register({ owner: "o", host: "here", bootId: "boot", pid: Deno.pid, startTime: "1", cores: [0] });
    await timed(`${count} tasks of one host are added`, async () => {
      for (let first = 0; first < Number(count); first += 1000) {
        await list.add(Array.from({ length: Math.min(1000, Number(count) - first) }, (_, i) => {
          const name = String(first + i).padStart(7, "0");
          return { url: `http://shut.example/files/${name}.bin`, out: `shut/${name}.bin`, priority: 1 };
        }));
      }
    });
    const others = (first: number) =>
      list.add(
        Array.from({ length: OTHERS }, (_, i) => ({ url: `http://open.example/${first + i}`, out: `o/${first + i}` })),
      );
    const hosts = (host: string) => host === "shut.example" ? { room: 0, until: 9000 } : undefined;
    const claim = async () => {
      const { length } = await list.claim({ owner: "o", core: 0, limit: OTHERS, hosts });
      if (length !== OTHERS) throw new Error(`${length} tasks were claimed`);
    };
    await others(0);
    await timed("the first claim that meets the closed host", claim);
    await others(OTHERS);
    await timed("the second one", claim);
    time = 10_000;
    await timed("a claim when its time is over", async () => {
      const { length } = await list.claim({ owner: "o", core: 0, limit: OTHERS });
      if (length !== OTHERS) throw new Error(`${length} tasks were claimed`);
    });
    await timed("the next one", () => list.claim({ owner: "o", core: 0, limit: OTHERS }));
    console.log(await list.counts());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
