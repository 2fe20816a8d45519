/**
 * What the task list costs: tasks like those of a real run are added, claimed and settled on a database of their own.
 *
 * ```sh
 * deno run -A --v8-flags=--max-semi-space-size=2,--heap-growing-percent=20,--no-turbofan bench/list/main.ts 20000
 * ```
 *
 * The flags are those that the command line gives to itself (`cli/reexec.ts`). The second argument is the folder for the
 * database, or `redis` (`redis-aof` with a log on the disk) for a redis-server that is started for it; the third is how many
 * processes share a list in the second part.
 *
 * @module
 */
import type { ClaimedTask } from "../../queue/task_model.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import type { TaskDraft, TaskSharedList } from "../../queue/task_shared_list.ts";
import { RedisServer } from "../../tests/support/redis_server.ts";
import { threadTimes } from "./thread_times.ts";

const ADD_AT_ONCE = 200;
const CLAIM_AT_ONCE = 200;
const SETTLE_AT_ONCE = 50;

interface Share {
  address: string;
  namespace: string;
  index: number;
  of: number;
}

/** Drafts as the config worker makes them of plain urls. */
function draftsFrom(first: number, count: number): TaskDraft[] {
  return Array.from({ length: count }, (_, i) => {
    const name = String(first + i).padStart(7, "0");
    return {
      url: `http://127.0.0.1:8080/small/f${name}.bin`,
      out: `f${name}.bin`,
      fallbackOut: `f${name}.01234567.bin`,
    };
  });
}

async function addAll(list: TaskSharedList, count: number): Promise<void> {
  for (let first = 0; first < count; first += ADD_AT_ONCE) {
    await list.add(draftsFrom(first, Math.min(ADD_AT_ONCE, count - first)));
  }
}

/** Claims and settles until nothing waits, as one process with one worker; says how many tasks it had. */
async function drain(list: TaskSharedList, owner: string, worker: { index: number; of: number }): Promise<number> {
  let count = 0;
  let ahead: ClaimedTask[] = [];
  const claim = () => list.claim({ owner, core: worker.index, limit: CLAIM_AT_ONCE, worker });
  ahead = await claim();
  while (ahead.length > 0) {
    const now = ahead;
    const next = claim();
    const settled: Promise<unknown>[] = [];
    for (let i = 0; i < now.length; i += SETTLE_AT_ONCE) {
      settled.push(list.settle(
        now.slice(i, i + SETTLE_AT_ONCE).map((task) => ({
          task,
          outcome: {
            type: "done",
            startedAt: Date.now(),
            facts: {
              bytes: 10240,
              finalUrl: task.url,
              etag: '"6921c6d5-2800"',
              lastModified: "Tue, 25 Nov 2025 10:00:00 GMT",
            },
          },
        })),
      ));
    }
    count += now.length;
    ahead = await next;
    await Promise.all(settled);
  }
  return count;
}

async function register(list: TaskSharedList, owner: string): Promise<void> {
  await list.register({ owner, host: "here", bootId: "boot", pid: Deno.pid, startTime: "1", cores: [0] });
}

async function measured(what: string, tasks: number, run: () => Promise<unknown>): Promise<void> {
  const before = threadTimes();
  const start = performance.now();
  await run();
  const ms = performance.now() - start;
  const after = threadTimes();
  const per = (name: keyof typeof after) => (1000 * (after[name] - before[name]) / tasks).toFixed(1).padStart(6);
  console.log(
    `${what.padEnd(14)} ${(1000 * ms / tasks).toFixed(1).padStart(6)} us a task; CPU:` +
      ` main ${per("main")}, store ${per("store")}, V8 ${per("v8")}, others ${per("others")}`,
  );
}

async function shareOf({ address, namespace, index, of }: Share): Promise<void> {
  await using list = await openTaskList(address, { namespace });
  const owner = `owner ${index}`;
  await register(list, owner);
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
  console.log(await drain(list, owner, { index, of }));
}

async function contended(address: string, tasks: number, processes: number): Promise<void> {
  const namespace = "many";
  {
    await using list = await openTaskList(address, { namespace });
    await addAll(list, tasks);
  }
  const children = Array.from({ length: processes }, (_, index) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", import.meta.url, JSON.stringify({ address, namespace, index, of: processes })],
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  const readers = children.map((child) => child.stdout.pipeThrough(new TextDecoderStream()).getReader());
  for (const reader of readers) await reader.read();
  const start = performance.now();
  for (const child of children) await child.stdin.close();
  const counts = await Promise.all(readers.map(async (reader) => Number((await reader.read()).value)));
  const seconds = (performance.now() - start) / 1000;
  for (const reader of readers) await reader.cancel();
  for (const child of children) await child.status;
  const sum = counts.reduce((all, one) => all + one);
  if (sum !== tasks) throw new Error(`${sum} of ${tasks} tasks were handed out`);
  console.log(`${processes} processes: ${Math.round(tasks / seconds)} claims and settlements a second (${counts})`);
}

async function bytesATask(server: RedisServer, tasks: number): Promise<number> {
  const used = /used_memory:(\d+)/.exec(await server.ask("info", "memory"))?.[1];
  return Math.round(Number(used) / tasks);
}

async function main(): Promise<void> {
  const [first = "20000", base, processes = "4"] = Deno.args;
  if (first.startsWith("{")) return await shareOf(JSON.parse(first));
  const tasks = Number(first);
  const onRedis = base?.startsWith("redis") === true;
  await using server = onRedis ? await RedisServer.start({ aof: base === "redis-aof" }) : undefined;
  const folder = await Deno.makeTempDir(base === undefined || onRedis ? {} : { dir: base });
  try {
    {
      await using list = await openTaskList(server?.url() ?? `kv:${folder}/one.db`, { namespace: "one" });
      await register(list, "owner");
      await measured("add", tasks, () => addAll(list, tasks));
      if (server !== undefined) console.log(`${await bytesATask(server, tasks)} bytes of Redis a task, all waiting`);
      await measured("claim, settle", tasks, () => drain(list, "owner", { index: 0, of: 1 }));
      const { done } = await list.counts();
      if (done !== tasks) throw new Error(`${done} of ${tasks} tasks are done`);
    }
    if (server !== undefined) console.log(`${await bytesATask(server, tasks)} bytes of Redis a task, all done`);
    if (Number(processes) > 0) await contended(server?.url() ?? `kv:${folder}/many.db`, tasks, Number(processes));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
