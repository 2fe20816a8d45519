/** A system with its hands full is stopped, and goes on where it was. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor } from "../support/fault_server.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const COUNT = 200;
const LENGTH = 2_500_000;
/** What of a file is there when the signal comes: enough to be worth going on with. */
const SEEN = 300_000;
const GRACE_S = 1;

shareCommandProcesses();

Deno.test("corehaul ends 200 running downloads within its grace period, and continues each of them", async () => {
  await using home = await TempDir.create();
  await Deno.mkdir(home.join("root"));
  const names = Array.from({ length: COUNT }, (_, i) => `f${i}.bin`);
  for (const name of names) {
    await Deno.writeFile(home.join(`root/${name}`), bytesFor(name, LENGTH));
    await Deno.utime(home.join(`root/${name}`), 1_700_000_000, 1_700_000_000);
  }
  // None of them ends by itself before the next run.
  await using server = await NginxServer.start(home.join("root"), { holdAfter: "400k" });
  await home.write("tasks.txt", names.map((name) => `${server.url}/${name}\n`).join(""));
  const args = ["run", "100", "--once", "--tasks", "tasks.txt", "--dir", "files", "--queue", "kv:queue.db", "--json"];
  const more = ["--concurrency", String(COUNT), "--workers", "1", "--grace", String(GRACE_S)];
  await using first = await Corehaul.start([...args, ...more], { cwd: home.path });
  await first.until("a part of each file", async () => {
    const parts = await Promise.all(
      names.map((name) => Deno.stat(home.join(`files/${name}.part`)).catch(() => undefined)),
    );
    return parts.every((part) => (part?.size ?? 0) >= SEEN);
  });
  const asked = performance.now();
  first.kill("SIGTERM");
  assertCode(await first.ended(), 143);
  assert(performance.now() - asked >= GRACE_S * 1000, "they had their time");
  const { stdout } = await corehaul(["status", "--json", "--queue", "kv:queue.db"], { cwd: home.path });
  assertEquals([JSON.parse(stdout).counts.waiting, JSON.parse(stdout).owners], [COUNT, []]);
  await server.letGo();
  assertCode(await corehaul([...args, ...more], { cwd: home.path }), 0);
  const requests = await server.requests();
  for (const name of names) {
    const [began, ended, ...others] = requests.filter(({ path }) => path === `/${name}`);
    assertEquals([began?.status, began?.range, ended?.status, others], [200, undefined, 206, []], name);
    const from = Number(/^bytes=(\d+)-/.exec(ended!.range!)?.[1]);
    assert(from >= SEEN / 2, `${name} goes on at ${from}`);
    assertEquals(ended!.bytes, LENGTH - from, name);
    assertEquals(await Deno.readFile(home.join(`files/${name}`)), bytesFor(name, LENGTH), name);
  }
});
