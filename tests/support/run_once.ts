import { corehaul, type Ended } from "./corehaul.ts";
import { type ListedTask, listedTasks } from "./task_table.ts";
import type { TempDir } from "./temp_dir.ts";

const QUEUE = "kv:queue.db";
const CLIENTS = ["auto", "fetch"] as const;

/** Tests both HTTP clients, at the same time: most of it is waiting. */
export function testClients(name: string, run: (client: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const results = await Promise.allSettled(CLIENTS.map(run));
    for (const [i, result] of results.entries()) {
      if (result.status === "rejected") throw new Error(`with --http-client ${CLIENTS[i]}`, { cause: result.reason });
    }
  });
}

/** Runs a list once, whatever the load of the machine, and gives its end, its tasks and how long all of it took at the most. */
export async function runOnce(
  home: TempDir,
  client: string,
  entries: unknown[],
  more: string[] = [],
): Promise<{ ended: Ended; tasks: ListedTask[]; ms: number }> {
  await home.write("tasks.json", JSON.stringify(entries));
  const args = ["run", "100", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE];
  const start = performance.now();
  const ended = await corehaul([...args, "--retry-wait", "0.05", "--json", "--http-client", client, ...more], {
    cwd: home.path,
  });
  const ms = performance.now() - start;
  return { ended, ms, tasks: await listedTasks(QUEUE, { cwd: home.path }) };
}
