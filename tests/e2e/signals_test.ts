/** How a run is stopped. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { assertWhole, filesIn, listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const QUEUE = "kv:queue.db";
const RUN = ["run", "--tasks", "tasks.txt", "--dir", "files", "--queue", QUEUE, "--json", "--cpu-threshold", "100"];
const SIZE = 200_000;
/** What it says once it has heard a signal. */
const HEARD = /stopping: what runs gets .* s; once more ends at once\n/;

/** A list of eight files that do not come to an end before `free` says so. */
async function setUp(home: TempDir): Promise<{ server: FaultServer; free: () => void }> {
  let held = true;
  const server = FaultServer.start(({ path }, server) => {
    const body = bytesFor(path, SIZE);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(body.slice(0, 1000)),
      pull: async (controller) => {
        await server.hold(() => !held);
        controller.enqueue(body.slice(1000));
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-length": String(SIZE) } });
  });
  await home.write("tasks.txt", Array.from({ length: 8 }, (_, i) => `${server.url}/${i}`).join("\n"));
  return { server, free: () => held = false };
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`corehaul run --once ends with ${code} on ${signal}, and the next run finishes the list`, async () => {
    await using home = await TempDir.create();
    const { server: held, free } = await setUp(home);
    await using server = held;
    await using run = await Corehaul.start([...RUN, "--once", "--grace", "0.3"], { cwd: home.path });
    await run.until("the downloads", () => server.open === 8);
    run.kill(signal);
    // No download ends before `free`: what ends here is the grace period.
    assertCode(await run.ended(), code);
    assertEquals(server.requests.length, 8);
    const summary = run.events("summary")[0]!;
    assertEquals([summary.end, summary.done], ["stopped", 0]);
    const tasks = await listedTasks(QUEUE, { cwd: home.path });
    assertEquals(tasks.map(({ status, attempts }) => [status, attempts]), Array(8).fill(["waiting", 0]));
    free();
    assertCode(await corehaul([...RUN, "--once"], { cwd: home.path }), 0);
    const all = await listedTasks(QUEUE, { cwd: home.path });
    await assertWhole(all, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
    assertEquals(await filesIn(home.join("files")), all.map(({ out }) => out).sort());
  });

  Deno.test(`corehaul run lets its downloads finish on ${signal}, starts no other, and ends with 0`, async () => {
    await using home = await TempDir.create();
    const { server: held, free } = await setUp(home);
    await using server = held;
    const args = [...RUN, "--workers", "1", "--concurrency", "3", "--grace", "300"];
    await using run = await Corehaul.start(args, { cwd: home.path });
    await run.until("the downloads", () => server.open === 3);
    run.kill(signal);
    await run.until("the sign", () => HEARD.test(run.stderr));
    assertEquals(server.open, 3);
    free();
    assertCode(await run.ended(), 0);
    assertEquals(server.requests.length, 3);
    const tasks = await listedTasks(QUEUE, { cwd: home.path });
    assertEquals(tasks.filter(({ status }) => status === "done").length, 3);
    assertEquals(tasks.filter(({ status }) => status === "waiting").length, 5);
  });

  Deno.test(`corehaul ends at once on a second ${signal}`, async () => {
    await using home = await TempDir.create();
    const { server: held, free } = await setUp(home);
    await using server = held;
    // Nobody waits so long for the end of the grace period.
    await using run = await Corehaul.start([...RUN, "--grace", "3600"], { cwd: home.path });
    await run.until("the downloads", () => server.open === 8);
    run.kill(signal);
    await run.until("the sign", () => HEARD.test(run.stderr));
    assert(!run.over);
    run.kill(signal);
    assertCode(await run.ended(), code);
    // Nothing is lost even so.
    free();
    assertCode(await corehaul([...RUN, "--once"], { cwd: home.path }), 0);
    const all = await listedTasks(QUEUE, { cwd: home.path });
    await assertWhole(all, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
  });
}

Deno.test("corehaul says that a signal was taken, while its downloads go on", async () => {
  await using home = await TempDir.create();
  const { server: held, free } = await setUp(home);
  await using server = held;
  await using run = await Corehaul.start([...RUN, "--grace", "30"], { cwd: home.path });
  await run.until("the downloads", () => server.open === 8);
  assert(!run.stderr.includes("stopping"));
  run.kill("SIGINT");
  const sign = "stopping: what runs gets 30 s; once more ends at once\n";
  await run.until("the sign", () => run.stderr.endsWith(sign));
  assertEquals(server.open, 8);
  free();
  assertCode(await run.ended(), 0);
});

Deno.test("corehaul get ends with 130 on SIGINT", async () => {
  await using home = await TempDir.create();
  const { server: held } = await setUp(home);
  await using server = held;
  await using get = await Corehaul.start(["get", `${server.url}/x`, "--grace", "0.2"], { cwd: home.path });
  await get.until("the download", () => server.open === 1);
  get.kill("SIGINT");
  assertCode(await get.ended(), 130);
  assertEquals(await filesIn(home.join("downloads")), []);
});

for (const asUser of [false, true]) {
  const how = asUser ? ", also after it has started itself again" : "";
  Deno.test({
    name: `corehaul takes no notice of SIGHUP when it was started with nohup${how}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using home = await TempDir.create();
      const { server: held, free } = await setUp(home);
      await using server = held;
      const options = { cwd: home.path, wrapper: ["nohup"], asUser };
      await using run = await Corehaul.start([...RUN, "--once", "--grace", "0"], options);
      await run.until("the downloads", () => server.open === 8);
      for (let i = 0; i < 3; i++) run.kill("SIGHUP");
      free();
      assertCode(await run.ended(), 0);
      assert(!run.stderr.includes("stopping"), run.stderr);
      assertEquals(run.events("summary")[0]!.done, 8);
    },
  });

  Deno.test({
    name: `corehaul drains on SIGTERM when it was started with nohup${how}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using home = await TempDir.create();
      const { server: held } = await setUp(home);
      await using server = held;
      const options = { cwd: home.path, wrapper: ["nohup"], asUser };
      await using run = await Corehaul.start([...RUN, "--once", "--grace", "0.2"], options);
      await run.until("the downloads", () => server.open === 8);
      run.kill("SIGTERM");
      assertCode(await run.ended(), 143);
    },
  });
}
