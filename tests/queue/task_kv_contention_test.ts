import { assert, assertEquals } from "@std/assert";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { TaskDraft } from "../../queue/task_shared_list.ts";
import { assertCountsMatch, countsOf, listAll } from "./contract_kit.ts";
import type { ClaimAllOptions, ClaimAllReport } from "./fixtures/claim_all.ts";

const TASKS = 6000;

async function withDatabase(tasks: number, hosts: number, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/queue.db`;
    {
      await using list = await TaskKvList.open(path);
      for (let first = 0; first < tasks; first += 1000) {
        const batch = Array.from({ length: 1000 }, (_, i): TaskDraft => ({
          url: `http://host${(first + i) % hosts}.example/${first + i}`,
          out: `files/${first + i}`,
        }));
        assertEquals((await list.add(batch)).filter((result) => result.type !== "added"), []);
      }
    }
    await run(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function claimInWorker(options: ClaimAllOptions): Promise<ClaimAllReport> {
  const worker = new Worker(new URL("./fixtures/claim_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(options);
    });
  } finally {
    worker.terminate();
  }
}

for (const hosts of [1, 50]) {
  for (const workers of [1, 4]) {
    const what = `${TASKS} tasks of ${hosts} hosts out once each to ${workers} workers`;
    Deno.test(`TaskKvList hands ${what}`, async () => {
      await withDatabase(TASKS, hosts, async (path) => {
        const reports = await Promise.all(
          Array.from(
            { length: workers },
            (_, index) => claimInWorker({ path, owner: `owner ${index}`, worker: { index, of: workers }, batch: 100 }),
          ),
        );
        const settled = reports.flatMap((report) => report.settled);
        assertEquals(settled.length, TASKS);
        assertEquals(new Set(settled).size, TASKS);
        assertEquals(reports.map((report) => report.stale), Array(workers).fill(0));
        if (workers === 1) assertEquals(reports[0]?.empty, 0);
        await using list = await TaskKvList.open(path);
        assertEquals(await list.counts(), countsOf({ done: TASKS }));
        const all = await listAll(list, undefined, 1000);
        assertEquals(new Set(all.map((task) => task.seq)), new Set(settled));
        assertEquals(
          all.filter((task) => task.status !== "done" || task.attempts !== 1 || task.bytes !== task.seq),
          [],
        );
      });
    });
  }
}

/** Starts a process that claims, and gives its lines as they come. */
function startProcess(options: ClaimAllOptions): { child: Deno.ChildProcess; lines: AsyncIterator<string> } {
  const fixture = new URL("./fixtures/claim_process.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "-A", "--unstable-kv", fixture.href, JSON.stringify(options)],
    stdout: "piped",
  }).spawn();
  return { child, lines: linesOf(child.stdout) };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

async function numbersOf(lines: AsyncIterator<string>): Promise<number[]> {
  const numbers: number[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const value = JSON.parse(line.value);
    if (Array.isArray(value)) numbers.push(...value);
    else assertEquals(value, { stale: 0 });
  }
  return numbers;
}

Deno.test("TaskKvList lets a process finish what another left that was killed in the middle", async () => {
  const tasks = 10_000;
  await withDatabase(tasks, 20, async (path) => {
    const common = { path, batch: 50 };
    const victim = startProcess({ ...common, owner: "victim", worker: { index: 0, of: 2 }, hoard: 200 });
    const acknowledged: number[] = [];
    for (let batches = 0; batches < 5; batches++) acknowledged.push(...JSON.parse((await victim.lines.next()).value));
    const survivor = startProcess({ ...common, owner: "survivor", worker: { index: 1, of: 2 }, reclaim: true });
    const first: number[] = JSON.parse((await survivor.lines.next()).value);
    victim.child.kill("SIGKILL");
    assert(!(await victim.child.status).success);
    acknowledged.push(...await numbersOf(victim.lines));
    const survived = [...first, ...await numbersOf(survivor.lines)];
    assert((await survivor.child.status).success);

    assertEquals(new Set([...acknowledged, ...survived]).size, acknowledged.length + survived.length, "no task twice");
    assert(survived.length >= 200, "what the victim hoarded was run by the survivor");
    // The victim may have died between a commit and its line.
    assert(tasks - acknowledged.length - survived.length <= 50);
    await using list = await TaskKvList.open(path);
    assertEquals(await list.counts(), countsOf({ done: tasks }));
    const all = await assertCountsMatch(list);
    assertEquals(all.filter((task) => task.attempts !== 1 || task.crashes !== 0), []);
    assertEquals((await list.owners()).map((owner) => owner.owner), ["survivor"]);
  });
});
