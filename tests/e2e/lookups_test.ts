/** Names that no name server answers for. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { testClients } from "../support/run_once.ts";
import { SilentResolver } from "../support/silent_resolver.ts";
import { assertWhole, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 2000;
const QUEUE = "kv:queue.db";
const DEAD = 200;
const GOOD = Array.from({ length: 10 }, (_, i) => `good${i}.test`);

if (SilentResolver.allowed) {
  testClients("corehaul fetches from every host that there is, however many names have no answer", async (client) => {
    await using home = await TempDir.create();
    await using resolver = await SilentResolver.start(home, GOOD);
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
    const { port } = new URL(server.url);
    const dead = Array.from({ length: DEAD }, (_, i) => `http://dead${i}.test:${port}/dead${i}`);
    // All of them are on their way at once, and each look-up takes a second.
    const entries = [...dead, ...GOOD.map((name) => `http://${name}:${port}/${name}`)];
    await home.write("tasks.json", JSON.stringify(entries));
    const ended = await corehaul(
      [
        ...["run", "100", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE],
        ...["--http-client", client, "--concurrency", "300", "--retries", "0", "--connect-timeout", "2"],
      ],
      { cwd: home.path, wrapper: resolver.wrapper },
    );
    assertCode(ended, 1);
    const tasks = await listedTasks(QUEUE, { cwd: home.path });
    const isDead = ({ url }: { url: string }) => url.includes("//dead");
    await assertWhole(tasks.filter((task) => !isDead(task)), home.join("files"), ({ pathname }) => {
      return bytesFor(pathname, SIZE);
    });
    const failed = tasks.filter(isDead);
    assertEquals([tasks.length, failed.length], [DEAD + GOOD.length, DEAD]);
    for (const { status, error } of failed) {
      assertEquals([status, error?.kind, error?.retryable], ["failed", "network", true]);
      assertMatch(error!.message, /^dead\d+\.test:\d+: the name cannot be looked up: no name server answers/);
    }
    assert(resolver.asked.includes(`dead${DEAD - 1}.test`));
    // The good ones stand in a file, as their names would elsewhere.
    assertEquals(resolver.asked.filter((name) => GOOD.includes(name)), []);
  });
}
