/** How far it is: percent, bytes, speed and time left, wherever that is told. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type OwnerState, sizeText } from "../../mod.ts";
import { assertCode, Corehaul, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { VersionedFile } from "../support/versioned_file.ts";

const MIB = 1024 ** 2;
const QUEUE = ["--queue", "kv:queue.db"];

/** What the tests look at of progress in JSON. */
interface Told {
  settled?: number;
  percent?: number;
  bytes: number;
  size?: number;
  totalBytes?: number;
  estimated?: boolean;
  speed: number;
  etaMs?: number;
  continuedAt?: number;
  files: Told[];
}

shareCommandProcesses();

Deno.test("corehaul tells percent and bytes of a large file everywhere, and where it was continued", async () => {
  await using home = await TempDir.create();
  const file = new VersionedFile("large", { length: 8 * MIB, etag: "strong", date: "own", ifRange: true });
  await using server = FaultServer.start((request, server) =>
    request.path === "/large.iso" ? file.answer(request, server) : new Response(bytesFor(request.path, 1000))
  );
  file.holdAt(3 * MIB);
  await home.write("tasks.txt", `${server.url}/large.iso\n${server.url}/small\n`);
  const options = { cwd: home.path };
  const args = ["run", "--json", "--tasks", "tasks.txt", "--progress-interval", "0.1", "--heartbeat", "0.5", ...QUEUE];
  await using run = await Corehaul.start([...args, "--lease", "15"], options);
  const progress = () => run.events("progress").at(-1) as unknown as Told | undefined;
  await run.until("3 MiB", () => progress()?.settled === 1 && progress()?.files[0]?.bytes === 3 * MIB);
  const first = progress()!;
  assertEquals([first.files[0]!.percent, first.files[0]!.size, first.files[0]!.continuedAt], [
    37,
    8 * MIB,
    undefined,
  ]);
  assertEquals([first.estimated, first.totalBytes, first.percent], [false, 8 * MIB + 1000, 37]);
  // What is there of a paused file stays, and is not fetched again.
  assertCode(await corehaul(["pause", "t1", ...QUEUE], options), 0);
  await run.until("the pause", () => run.events("task_paused").length === 1);
  file.holdAt(2 * MIB);
  assertCode(await corehaul(["resume", "t1", ...QUEUE], options), 0);
  // Of what the first connection still had a little may count as sent.
  const there = () => progress()!.files[0]?.bytes ?? 0;
  await run.until("5 MiB", () => there() > 4.8 * MIB);
  // Other processes see what the heartbeat carries.
  const ask = async (...words: string[]) => (await corehaul([...words, ...QUEUE], options)).stdout;
  const status = async () => jsonLines(await ask("status", "--json"))[0] as { owners: OwnerState[]; progress: Told };
  let bytes = 0;
  await until("the heartbeat", async () => {
    bytes = there();
    return (await status()).owners[0]?.vitals?.files?.[0]?.bytes === bytes && there() === bytes;
  });
  const percent = Math.floor(bytes / (8 * MIB) * 100);
  assertEquals([progress()!.files[0]!.continuedAt, progress()!.files[0]!.percent], [3 * MIB, percent]);
  const told = await status();
  assertEquals(told.owners[0]!.vitals!.files!.map(({ id, size, continuedAt }) => [id, size, continuedAt]), [
    ["t1", 8 * MIB, 3 * MIB],
  ]);
  const { progress: all } = told;
  assertEquals([all.bytes, all.totalBytes, all.estimated], [bytes + 1000, 8 * MIB + 1000, false]);
  const far = new RegExp(`${percent}%  .*${sizeText(bytes)} of 8 MiB  [\\d.]+ [KM]?i?B\\/s  continued at 3 MiB`);
  const text = await ask("status");
  assertMatch(text, /^1 of 2 files, 6\d%, [\d.]+ MiB of 8 MiB, .*, 0 failed$/m);
  assertMatch(text, new RegExp(`^ {2}large\\.iso  ${far.source}$`, "m"));
  assertMatch(await ask("list", "--status", "running"), new RegExp(`^t1 .*large\\.iso  ${far.source}$`, "m"));
  assertMatch(await ask("why", "t1"), /runs on core \d+: 6\d%, .*[\d.]+ MiB of 8 MiB, .*, continued at 3 MiB$/m);
  for (const words of [["list", "--status", "running"], ["why", "t1"]]) {
    const [task] = jsonLines(await ask(...words, "--json"));
    const progress = task!.progress as Told;
    assertEquals([progress.percent, progress.bytes, progress.size, progress.continuedAt], [
      percent,
      bytes,
      8 * MIB,
      3 * MIB,
    ]);
  }
  file.letGo();
  await run.until("the end", () => run.events("task_done").some(({ id }) => id === "t1"));
  assertEquals(run.events("task_done").find(({ id }) => id === "t1")!.continuedAt, 3 * MIB);
  run.kill("SIGINT");
  const { stdout, stderr } = await run.ended();
  assertMatch(stderr, /^large\.iso was continued at 3 MiB$/m);
  const summary = jsonLines(stdout).at(-1)!;
  assertEquals([summary.type, summary.fileBytes, summary.files], ["summary", 8 * MIB + 1000, []]);
});

Deno.test("corehaul logs a line about progress now and then where nothing is drawn, as often as it is told", async () => {
  await using home = await TempDir.create();
  const file = new VersionedFile("large", { length: 4 * MIB, etag: "strong", date: "own", ifRange: true });
  await using server = FaultServer.start((request, server) =>
    request.path === "/large.iso" ? file.answer(request, server) : new Response("", { status: 404 })
  );
  file.holdAt(1 * MIB);
  const urls = [`${server.url}/large.iso`, `${server.url}/gone`];
  const line = /^1 of 2 files, 25%, 1 MiB of 4 MiB, [\d.]+ [KM]?i?B\/s, ETA \d.*, 1 failed$/m;
  await using run = await Corehaul.start(["get", ...urls, "--progress-interval", "0.1"], { cwd: home.path });
  await run.until("two lines", () => (run.stderr.match(new RegExp(line.source, "gm"))?.length ?? 0) > 1);
  file.letGo();
  assertCode(await run.ended(), 1);
  // Nobody wants to read it where nothing is to be told.
  file.holdAt(1 * MIB);
  const quiet = ["get", ...urls, "--progress-interval", "0.1", "--progress", "none", "--json", "--dir", "other"];
  await using silent = await Corehaul.start(quiet, { cwd: home.path });
  await silent.until("events", () => silent.events("progress").length > 3);
  file.letGo();
  const { stderr } = await silent.ended();
  assert(!stderr.includes("of 2 files"), stderr);
});
