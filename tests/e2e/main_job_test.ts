/** The main job: a task file, nginx, thousands of files, every byte compared. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { fillWithFiles, urlOf } from "../support/odd_files.ts";
import { assertWhole, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const FILES = 2000;
const QUEUE = "kv:queue.db";
const RUN = ["run", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE];

shareCommandProcesses();

Deno.test("corehaul run fetches 2,000 files of a watched list, byte for byte and each only once", async (t) => {
  await using source = await TempDir.create();
  await using home = await TempDir.create();
  const paths = await fillWithFiles(source.path, FILES);
  await using nginx = await NginxServer.start(source.path);
  const options = { cwd: home.path };
  const urls = paths.map((path) => urlOf(nginx.url, path)).sort(byDigits);
  const list = (count: number) => JSON.stringify(urls.slice(0, count).map((url) => ({ url })), null, 1);
  const original = (url: URL) => Deno.readFile(join(source.path, decodeURIComponent(url.pathname)));

  await t.step("the first 1,000 with --once", async () => {
    await home.write("tasks.json", list(FILES / 2));
    const { code, stderr, stdout } = await corehaul([...RUN, "--once"], options);
    assertEquals(code, 0, stderr);
    assert(stdout.includes(`${FILES / 2} done, 0 failed, 0 waiting, 0 running`), stdout);
    const tasks = await listedTasks(QUEUE, options);
    assertEquals(tasks.length, FILES / 2);
    await assertWhole(tasks, home.join("files"), original);
    assertEquals(new Set(tasks.map(({ out }) => out)).size, tasks.length);
    // The same url gets the same name on every machine, although hundreds of them want to be "copyright".
    const other = tasks.filter(({ url, out }) => out !== url.split("/").at(-1) && url.endsWith("/copyright"));
    assert(other.length > 50, `${other.length}`);
    for (const { out } of other) assert(/^copyright\.[0-9a-f]{8}$/.test(out), out);
  });

  await t.step("the other 1,000, appended while it runs, until SIGTERM", async () => {
    await using run = await Corehaul.start([...RUN, "--json"], options);
    await run.until("the list is read", () => run.events("tasks_read").length > 0);
    await home.replace("tasks.json", list(FILES));
    await run.until("the new files", () => run.events("task_done").length === FILES / 2);
    run.kill("SIGTERM");
    const { code, stderr } = await run.ended();
    assertEquals(code, 0, stderr);
    const tasks = await listedTasks(QUEUE, options);
    assertEquals(tasks.length, FILES);
    await assertWhole(tasks, home.join("files"), original);
  });

  await t.step("once more, without a request", async () => {
    const before = await nginx.requests();
    assertEquals(before.length, FILES);
    assertEquals(before.filter(({ status }) => status !== 200), []);
    assertCode(await corehaul([...RUN, "--once"], options), 0);
    assertEquals((await nginx.requests()).length, FILES);
  });
});

/** An order that mixes the folders, the same every time. */
function byDigits(a: string, b: string): number {
  const [left, right] = [[...a].reverse().join(""), [...b].reverse().join("")];
  return left < right ? -1 : left > right ? 1 : 0;
}
