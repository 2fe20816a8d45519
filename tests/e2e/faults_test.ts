/** Servers that refuse, stall or break off. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, type FaultHandler, FaultServer } from "../support/fault_server.ts";
import { DeafPort, ResettingListener } from "../support/faulty_listener.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole, filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const SIZE = 100_000;

function firstFails(fault: FaultHandler, times = 1): FaultHandler {
  return (request, server) =>
    request.nth <= times ? fault(request, server) : new Response(bytesFor(request.path, SIZE));
}

/** Half of the promised bytes, and then the end of the connection. */
function broken(path: string): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytesFor(path, SIZE / 2));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-length": String(SIZE) } });
}

shareCommandProcesses(2);

testClients("corehaul tries again what time may cure, until it has the file", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start((request, server) => {
    const status = /^\/status-(\d+)$/.exec(request.path)?.[1];
    if (status !== undefined) {
      return firstFails(() => new Response("later", { status: Number(status) }), 2)(request, server);
    }
    return firstFails(({ path }) => broken(path))(request, server);
  });
  const names = ["status-408", "status-425", "status-429", "status-500", "status-503", "broken-off"];
  const { ended, tasks } = await runOnce(home, client, names.map((name) => `${server.url}/${name}`));
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
  for (const name of names) assertEquals(server.hits(`/${name}`), name === "broken-off" ? 2 : 3, name);
  assertEquals(tasks.map(({ attempts }) => attempts).sort(), [2, 3, 3, 3, 3, 3]);
  assertEquals(await filesIn(home.join("files")), [...names].sort());
  assertEquals(jsonLines(ended.stdout).at(-1)?.retried, 11);
});

testClients("corehaul waits as long as Retry-After says, and works on other hosts meanwhile", async (client) => {
  await using home = await TempDir.create();
  await using other = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
  // Busy until the other has served all it has: if its retries kept the only slot, it would be busy for ever.
  await using server = FaultServer.start(({ path }) =>
    other.requests.length < 3
      ? new Response("", { status: 503, headers: { "retry-after": "2" } })
      : new Response(bytesFor(path, SIZE))
  );
  const entries = [
    { url: `${server.url}/busy`, priority: 1 },
    ...["a", "b", "c"].map((name) => `${other.url}/${name}`),
  ];
  const more = ["--workers", "1", "--concurrency", "1", "--retries", "15"];
  const { ended } = await runOnce(home, client, entries, more);
  assertCode(ended, 0);
  assertEquals(other.requests.map(({ path }) => path), ["/a", "/b", "/c"]);
  assert(server.requests.length > 1);
  for (const [i, { at }] of server.requests.slice(1).entries()) {
    const waited = at - server.requests[i]!.at;
    assert(waited >= 1990, `${waited} ms`);
  }
});

testClients("corehaul gives up at once on what time does not cure, and says why", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response("no", { status: Number(path.slice(1)) }));
  const statuses = [400, 401, 403, 404, 410, 418];
  const { ended, tasks } = await runOnce(home, client, statuses.map((status) => `${server.url}/${status}`));
  assertCode(ended, 1);
  for (const status of statuses) {
    assertEquals(server.hits(`/${status}`), 1);
    const task = tasks.find(({ url }) => url.endsWith(`/${status}`));
    assertEquals([task?.status, task?.error?.status, task?.error?.retryable], ["failed", status, false]);
    assertMatch(task!.error!.message, new RegExp(`HTTP status ${status}`));
  }
  assertEquals(await filesIn(home.join("files")), []);
});

testClients("corehaul fails a task after its retries, and a new run takes it up again", async (client) => {
  await using home = await TempDir.create();
  let down = true;
  await using server = FaultServer.start(({ path }) =>
    down ? new Response("", { status: 500 }) : new Response(bytesFor(path, SIZE))
  );
  const entries = [`${server.url}/x`];
  const first = await runOnce(home, client, entries, ["--retries", "2"]);
  assertCode(first.ended, 1);
  assertEquals(server.hits("/x"), 3);
  assertEquals(first.tasks[0]?.error?.status, 500);
  down = false;
  const second = await runOnce(home, client, entries, ["--retries", "2"]);
  assertCode(second.ended, 0);
  await assertWhole(second.tasks, home.join("files"), ({ pathname }) => bytesFor(pathname, SIZE));
});

testClients("corehaul survives resets before, in and after the head of an answer", async (client) => {
  await using home = await TempDir.create();
  await using early = ResettingListener.start("");
  await using midway = ResettingListener.start("HTTP/1.1 200 OK\r\ncontent-le");
  await using late = ResettingListener.start(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\nthe beginning`);
  const listeners = [early, midway, late];
  const { ended, tasks } = await runOnce(home, client, listeners.map(({ url }) => `${url}/x`), ["--retries", "2"]);
  assertCode(ended, 1);
  assertEquals(tasks.map(({ status, attempts, error }) => [status, attempts, error?.kind]), [
    ["failed", 3, "network"],
    ["failed", 3, "network"],
    ["failed", 3, "network"],
  ]);
  // A client may try once more by itself when a kept connection was closed before a byte came.
  for (const { connections } of listeners) assert(connections >= 3, `${connections}`);
  assertEquals(await filesIn(home.join("files")), []);
});

testClients("corehaul ends a download that stalls, but not one that is slow", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(async ({ path, nth }, server) => {
    const body = bytesFor(path, SIZE);
    // Longer in all than the silence that ends a download, and never silent for a good part of that.
    if (path === "/slow") return server.trickle(body, 45, 100);
    if (path === "/slow-and-small") return server.trickle(body.slice(0, 1000), 45, 100);
    if (nth > 1) return new Response(body);
    if (path === "/stalls-at-once") await server.hold(() => false);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(body.slice(0, SIZE / 2)),
      pull: () => server.hold(() => false),
    });
    return new Response(stream, { headers: { "content-length": String(SIZE) } });
  });
  const names = ["slow", "slow-and-small", "stalls-at-once", "stalls-midway"];
  const { ended, tasks } = await runOnce(home, client, names.map((name) => `${server.url}/${name}`), [
    "--stall-timeout",
    "4",
  ]);
  assertCode(ended, 0);
  await assertWhole(
    tasks,
    home.join("files"),
    ({ pathname }) => bytesFor(pathname, SIZE).slice(0, pathname === "/slow-and-small" ? 1000 : SIZE),
  );
  const retried = jsonLines(ended.stdout).filter(({ type }) => type === "task_retry");
  assertEquals(retried.length, 2);
  for (const { error } of retried) assertMatch((error as { message: string }).message, /no byte for 4 s/);
  assertEquals([server.hits("/slow"), server.hits("/slow-and-small")], [1, 1]);
});

testClients("corehaul --timeout ends an attempt that takes too long in all", async (client) => {
  await using home = await TempDir.create();
  // One byte at a time: nobody waits for the last one.
  await using server = FaultServer.start(({ path }, server) => server.trickle(bytesFor(path, SIZE), SIZE, 100));
  const more = ["--timeout", "1.5", "--retries", "1"];
  const { ended, tasks } = await runOnce(home, client, [`${server.url}/endless`], more);
  assertCode(ended, 1);
  // A busy machine may not get as far as the request in that time.
  assert(server.hits("/endless") <= 2);
  assertEquals([tasks[0]?.error?.kind, tasks[0]?.attempts], ["timeout", 2]);
  assertMatch(tasks[0]!.error!.message, /not finished after 1\.5 s/);
});

testClients("corehaul --connect-timeout ends an attempt that nobody answers", async (client) => {
  await using home = await TempDir.create();
  await using deaf = await DeafPort.start();
  const more = ["--connect-timeout", "1", "--stall-timeout", "3600", "--retries", "1"];
  const { ended, tasks } = await runOnce(home, client, [`${deaf.url}/x`], more);
  assertCode(ended, 1);
  assertEquals([tasks[0]?.error?.kind, tasks[0]?.attempts], ["timeout", 2]);
  assertMatch(tasks[0]!.error!.message, /no connection after 1 s/);
});
