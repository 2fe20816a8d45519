/** Hosts that want to be left alone, and limits for each of them. */
import { assert, assertEquals } from "@std/assert";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 2000;
const MANY = 400;

shareCommandProcesses(2);

testClients("corehaul leaves a host alone that answers 429, and the tasks of others go on", async (client) => {
  await using home = await TempDir.create();
  let since: number | undefined;
  let refused = 0;
  await using warm = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
  // Cold until the other has served all it has: tasks that wait here for nothing never end.
  await using cold = FaultServer.start(({ path, at }) => {
    since ??= at;
    const busy = at - since < 1500 || warm.requests.length < MANY / 2;
    if (busy) refused++;
    return busy
      ? new Response("not now", { status: 429, headers: { "retry-after": "2" } })
      : new Response(bytesFor(path, SIZE));
  });
  const entries = Array.from({ length: MANY }, (_, i) => `${i % 2 === 0 ? cold.url : warm.url}/${i}`);
  // One task may be told several times before the other host has served its half.
  const { ended, tasks } = await runOnce(home, client, entries, ["--retries", "100"]);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
  const [first] = cold.requests;
  const early = cold.requests.filter(({ at }) => at - first!.at < 1900);
  // Those that were on their way when the first answer came, and no others.
  assert(early.length <= 64, `${early.length} requests were made of a host that wants none`);
  assertEquals(cold.requests.length, MANY / 2 + refused);
  // Tasks that did not ask have made no attempt.
  const attempts = tasks.reduce((sum, { attempts }) => sum + attempts, 0);
  assertEquals(attempts, warm.requests.length + cold.requests.length);
});

testClients(
  "corehaul fails the tasks of a host that asks for more than --max-host-wait, and asks it no earlier",
  async (client) => {
    await using home = await TempDir.create();
    let busy = true;
    await using cold = FaultServer.start(({ path }) =>
      busy
        ? new Response("", { status: 429, headers: { "ratelimit": '"api";r=0;t=4000' } })
        : new Response(bytesFor(path, SIZE))
    );
    await using warm = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
    const entries = [...Array.from({ length: 200 }, (_, i) => `${cold.url}/${i}`), `${warm.url}/w`];
    const before = Date.now();
    const { ended, tasks } = await runOnce(home, client, entries);
    assertCode(ended, 1);
    const [ofCold, ofWarm] = [
      tasks.filter(({ url }) => url.startsWith(cold.url)),
      tasks.filter(({ out }) => out === "w"),
    ];
    assertEquals(ofWarm.map(({ status }) => status), ["done"]);
    assertEquals(ofCold.length, 200);
    for (const { status, error } of ofCold) {
      assertEquals(status, "failed");
      const [, time] = /not to be asked before (\S+), longer than --max-host-wait$/.exec(error!.message)!;
      assert(Date.parse(time!) >= before + 4_000_000);
    }
    // Those that were on their way when the first answer came, and no others.
    const asked = cold.requests.length;
    assert(asked <= 64, `${asked} requests were made of a host that wants none`);
    // The next run knows of it.
    busy = false;
    assertCode((await runOnce(home, client, entries)).ended, 1);
    assertEquals(cold.requests.length, asked);
  },
);

testClients("corehaul keeps to --per-host over all workers, and other hosts have the other places", async (client) => {
  await using home = await TempDir.create();
  await using quick = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
  // It serves nobody before the limit is used in full, and its last answers come when the quick one has given all of its own:
  // whoever waits for them never ends.
  await using slow = FaultServer.start(async ({ path }, server) => {
    do await server.pause(20); while (
      server.maxOpen < 3 || (server.requests.length > 140 && quick.requests.length < 150)
    );
    return new Response(bytesFor(path, SIZE));
  });
  const slowOnes = Array.from({ length: 150 }, (_, i) => `${slow.url}/s${i}`);
  const quickOnes = Array.from({ length: 150 }, (_, i) => `${quick.url}/q${i}`);
  const { ended, tasks } = await runOnce(home, client, [...slowOnes, ...quickOnes], [
    "--per-host",
    "3",
    "--workers",
    "2",
  ]);
  assertCode(ended, 0);
  assertEquals(tasks.length, 300);
  assertEquals(slow.maxOpen, 3);
  assert(quick.maxOpen <= 3);
  assertEquals([slow.requests.length, quick.requests.length], [150, 150]);
  const last = slow.requests.at(-1)!.at;
  assert(quick.requests.every(({ at }) => at < last), "the quick host did not wait for the slow one");
});

testClients("corehaul keeps to --per-host-rate", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
  const entries = Array.from({ length: 60 }, (_, i) => `${server.url}/${i}`);
  const { ended, ms } = await runOnce(home, client, entries, ["--per-host-rate", "20"]);
  assertCode(ended, 0);
  assertEquals(server.requests.length, 60);
  // All of them lie within the life of the process; one may come early by the burst.
  assert(ms >= 59 * 50 - 150, `${ms} ms`);
});

testClients(
  "corehaul keeps to --per-host-rate with redirects within the host, and bodies of any form",
  async (client) => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) =>
      path.endsWith("/there")
        ? new Response(new Blob([bytesFor(path, SIZE)]).stream())
        : new Response(null, { status: 302, headers: { location: `${path}/there` } })
    );
    const entries = Array.from({ length: 60 }, (_, i) => ({ url: `${server.url}/${i}`, out: `${i}` }));
    const { ended, ms } = await runOnce(home, client, entries, ["--per-host-rate", "20"]);
    assertCode(ended, 0);
    assertEquals(server.requests.length, 120);
    assert(ms >= 119 * 50 - 150, `${ms} ms`);
  },
);

testClients("corehaul keeps to a rate that its server enforces by 429", async (client) => {
  await using home = await TempDir.create();
  let last = -Infinity;
  await using server = FaultServer.start(({ path, at }) => {
    const early = at - last < 800;
    last = performance.now();
    if (early) return new Response("", { status: 429 });
    if (!path.endsWith("/there")) return new Response(null, { status: 302, headers: { location: `${path}/there` } });
    return new Response(new Blob([bytesFor(path, SIZE)]).stream());
  });
  const entries = Array.from({ length: 3 }, (_, i) => ({ url: `${server.url}/${i}`, out: `${i}` }));
  const { ended } = await runOnce(home, client, entries, ["--per-host-rate", "1", "--retries", "9"]);
  assertCode(ended, 0);
});

testClients("corehaul keeps to --per-host where redirects and mirrors lead", async (client) => {
  await using home = await TempDir.create();
  // Nobody is served before the limit is used in full.
  await using far = FaultServer.start(async ({ path }, server) => {
    do await server.pause(20); while (server.maxOpen < 3);
    return new Response(bytesFor(path, SIZE));
  });
  const near = () =>
    FaultServer.start(({ path }) =>
      path.startsWith("/away")
        ? new Response(null, { status: 302, headers: { location: far.url + path } })
        : new Response("", { status: 404 })
    );
  await using one = near();
  await using two = near();
  await using three = near();
  const entries = Array.from({ length: 60 }, (_, i) => {
    const url = [one, two, three][i % 3]!.url;
    return i < 30 ? `${url}/away${i}` : { url: `${url}/none${i}`, mirrors: [`${far.url}/none${i}`] };
  });
  const { ended, tasks } = await runOnce(home, client, entries, ["--per-host", "3", "--workers", "2"]);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
  assertEquals([far.maxOpen, far.requests.length], [3, 60]);
});

testClients(
  "corehaul leaves hosts of redirects and mirrors alone that answer 429, and takes other sources",
  async (client) => {
    await using home = await TempDir.create();
    const since = new Map<string, number>();
    await using good = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
    // Nobody serves until the other source has served its files: a task that waits here in its stead never ends.
    const cold = (name: string) =>
      FaultServer.start(({ path, at }) => {
        if (!since.has(name)) since.set(name, at);
        const busy = at - since.get(name)! < 1500 || good.requests.length < 50;
        return busy
          ? new Response("", { status: 429, headers: { "retry-after": "2" } })
          : new Response(bytesFor(path, SIZE));
      });
    await using far = cold("far");
    await using mirror = cold("mirror");
    await using near = FaultServer.start(({ path }) =>
      path.startsWith("/away")
        ? new Response(null, { status: 302, headers: { location: far.url + path } })
        : new Response("", { status: 404 })
    );
    const entries = Array.from({ length: 150 }, (_, i) => {
      if (i % 3 === 0) return `${near.url}/away${i}`;
      const mirrors = i % 3 === 1 ? [`${mirror.url}/${i}`] : [`${mirror.url}/${i}`, `${good.url}/${i}`];
      return { url: `${near.url}/${i}`, out: `${i}`, mirrors };
    });
    const { ended, tasks } = await runOnce(home, client, entries, ["--retries", "100"]);
    assertCode(ended, 0);
    for (const { out, status } of tasks) {
      const path = `/${out}`;
      assertEquals([status, await Deno.readFile(home.join("files", out))], ["done", bytesFor(path, SIZE)]);
    }
    for (const [name, server] of [["far", far], ["mirror", mirror]] as const) {
      const early = server.requests.filter(({ at }) => at - since.get(name)! < 1900);
      // Those that were on their way when the first answer came, and no others.
      assert(early.length <= 64, `${early.length} requests were made of ${name}, which wants none`);
      assert(server.requests.length - early.length >= 50, `${server.requests.length}`);
    }
    assertEquals(good.requests.length, 50);
  },
);
