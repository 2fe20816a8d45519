/** Two networks as two machines with one list, and machines whose clocks are wrong. */
import { assert, assertEquals } from "@std/assert";
import { openTaskList } from "../../app/open_task_list.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { findProgram } from "../support/find_program.ts";
import { assertDoneOnce, Fleet, LOOKS_OFTEN, SHORT_LEASE } from "../support/fleet.ts";
import { NetNamespace } from "../support/net_namespace.ts";
import { until } from "../support/until.ts";

const LEASE_MS = 6000;
/** More than comes by drops before the test lets the files flow. */
const SIZE = 300_000;

shareCommandProcesses();

for (const folder of ["a folder each", "one folder"] as const) {
  Deno.test({
    name:
      `corehaul run on a machine that is cut off for longer than its lease loses, doubles and spoils nothing: ${folder}`,
    // Only root can make networks.
    ignore: !NetNamespace.allowed,
    fn: async () => {
      const count = 120;
      await using fleet = await Fleet.create({ more: ["bind 0.0.0.0"] });
      await using far = await NetNamespace.create();
      await using near = await NetNamespace.create();
      let open = false;
      // Never silent, however long the machines take to start: silence is what the end of a connection is known by.
      await using server = FaultServer.start(
        ({ path }, server) => server.flow(bytesFor(path, SIZE), 100, () => open),
        "0.0.0.0",
      );
      const place = (space: NetNamespace) => `http://${space.gateway}:${server.port}`;
      // One name of the server for both: they have different ways to it, but the files are the same.
      await fleet.add(Array.from({ length: count }, (_, i) => `${place(near)}/${i}`));
      // The defaults are tried once.
      const short = folder === "a folder each";
      const start = (index: number, space: NetNamespace, more: readonly string[]) =>
        fleet.start(index, [
          ...["--concurrency", "10", "--workers", "1", "--stall-timeout", "5", "--retry-wait", "0.2"],
          ...["--queue", fleet.queue.replace("127.0.0.1", space.gateway)],
          ...(folder === "one folder" ? ["--dir", "m0"] : []),
          ...(short ? more : []),
        ], { wrapper: space.wrapper });
      const cut = await start(0, far, SHORT_LEASE);
      await cut.until("its downloads", () => server.open === 10);
      const other = await start(1, near, LOOKS_OFTEN);
      await until("the other's downloads", () => server.open === 20);
      await far.cable(false);
      open = true;
      await cut.until("news of it", () => cut.events("list_silent").length > 0);
      await other.until("the tasks of the one that is gone", () => other.events("tasks_reclaimed").length > 0);
      assertCode(await other.ended(), 0);
      await far.cable(true);
      assertCode(await cut.ended(), 0);
      assertEquals(cut.events("owner_lost").length, 1);
      assertDoneOnce([cut, other], count);
      await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, SIZE));
    },
  });
}

Deno.test("corehaul run on machines whose clocks are wrong by an hour takes, keeps and gives back tasks like any other", async () => {
  const count = 60;
  const faketime = await findProgram("faketime", ["--version"]);
  await using fleet = await Fleet.create();
  let open = false;
  await using server = FaultServer.start(async ({ path, nth }, server) => {
    await server.hold(() => open);
    // Each third file is there only at the second attempt: the time of that must be one that comes.
    if (Number(path.slice(1)) % 3 === 0 && nth === 1) return new Response(null, { status: 500 });
    return new Response(bytesFor(path, 1000));
  });
  await fleet.add(Array.from({ length: count }, (_, i) => `${server.url}/${i}`));
  const args = [
    ...["--concurrency", "8", "--workers", "1", "--retry-wait", "0.5"],
    ...["--lease", `${LEASE_MS}ms`, "--heartbeat", "0.5"],
  ];
  const env = { FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  const late = await fleet.start(0, args, { wrapper: [faketime, "-f", "-1h"], env });
  const early = await fleet.start(1, args, { wrapper: [faketime, "-f", "+1h"], env });
  const right = await fleet.start(2, args);
  await until("the downloads of all", () => server.open === 24);
  // Longer than a lease: whoever took the times of these for one would have doubted some of them.
  await using list = await openTaskList(fleet.queue);
  const leases = async () => new Map((await list.owners()).map(({ owner, aliveUntil }) => [owner, aliveUntil]));
  const first = await leases();
  assertEquals(first.size, 3);
  await until("leases of all that began after the first was over", async () => {
    const now = await leases();
    return [...first].every(([owner, aliveUntil]) => now.get(owner)! - LEASE_MS > aliveUntil);
  });
  open = true;
  const runs = [late, early, right];
  for (const run of runs) assertCode(await run.ended(), 0);
  for (const run of runs) {
    assertEquals([run.events("owner_lost"), run.events("tasks_reclaimed")], [[], []]);
    assert(run.events("task_done").length > 0);
  }
  assertDoneOnce(runs, count);
  assertEquals(server.requests.length, count + count / 3);
  await fleet.assertAllThere(count, (url) => bytesFor(url.pathname, 1000));
});
