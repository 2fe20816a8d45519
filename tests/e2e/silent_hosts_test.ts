/** Hosts that take every connection and never answer, before a host that does. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { SilentListeners } from "../support/silent_listener.ts";
import { TempDir } from "../support/temp_dir.ts";

const GOOD = 500;
const EACH = 20;

function listOf(silent: SilentListeners, good: FaultServer): string {
  const urls = silent.urls.flatMap((url) => Array.from({ length: EACH }, (_, i) => `${url}/${i}`));
  return [...urls, ...Array.from({ length: GOOD }, (_, i) => `${good.url}/${i}`)].join("\n");
}

const RUN = ["run", "100", "--once", "--workers", "1", "--tasks", "tasks.txt", "--dir", "files", "--grace", "0"];
const QUEUE = ["--queue", "kv:queue.db"];

Deno.test("corehaul fetches all of a good host behind 50 silent ones while each of those was asked once", async () => {
  await using home = await TempDir.create();
  await using silent = SilentListeners.start(50);
  await using good = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  await home.write("tasks.txt", listOf(silent, good));
  await using run = await Corehaul.start([...RUN, ...QUEUE, "--concurrency", "80", "--heartbeat", "0.1"], {
    cwd: home.path,
  });
  // Nothing is given up: whoever waits for the silent ones never ends.
  await run.until("the good host has been asked for all", () => good.requests.length === GOOD);
  assert(Math.max(...silent.requests) <= 1, `${silent.requests}`);
  await run.until("all were asked", () => silent.requests.every((count) => count === 1));
  assertEquals(silent.mostAtOnce, 50);
  run.kill("SIGTERM");
  await run.ended();
});
